// What the trace build exports beside the ABI. Compiled by the `trace` target only.

export { replay } from "./engine/replay";
export { observe, peek, peekRecord } from "./execute/evm/frame/tracing";
