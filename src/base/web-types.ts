// Names of the web's types in our declarations, for programs that are compiled without the DOM's: empty interfaces merge
// with the real ones where these are known, and stand for anything where they are not.

declare global {
  interface AbortSignal {}
  interface URL {}
  interface AsyncDisposable {}
  namespace WebAssembly {
    interface Memory {}
    interface Module {}
  }
}

export {};
