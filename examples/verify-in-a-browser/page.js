// Connects the form of index.html with verify.js: reads the four files and shows the verdict.
import { verdictOf } from "./verify.js"

const form = document.querySelector("#files")
const output = document.querySelector("#verdict")

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  output.textContent = "…"
  const chosen = (name) => new FormData(form).get(name)
  const [artifact, bundle, key, policy] = await Promise.all([
    chosen("artifact").arrayBuffer(),
    chosen("bundle").text(),
    chosen("key").text(),
    chosen("policy").text(),
  ])
  output.textContent = verdictOf({ artifact: new Uint8Array(artifact), bundle, key, policy })
})
