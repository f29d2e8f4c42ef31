// Who asks a node: how they take back what they asked, and how they are told later.

/** Who asks. */
export interface Call {
  readonly signal?: AbortSignal | undefined;
  /** Where what a subscription finds goes; `undefined`: there is no way to tell. */
  readonly notify?: ((subscription: string, result: unknown) => void) | undefined;
}
