// Metrics in the Prometheus text format, as those who give them away see them.

export interface MetricsText {
  readonly contentType: string
  /** The current values of everything. */
  text(): Promise<string>
}
