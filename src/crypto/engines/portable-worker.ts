// What runs in the threads of the portable engine (portable.ts): nothing but the portable verification.
export { verifyPortably } from "../../entry/portable-verification.ts"
