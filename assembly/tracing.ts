// What the trace build exports beside the ABI. Compiled by the `trace` target only.

export { observe } from "./execute/evm/frame/tracing";
