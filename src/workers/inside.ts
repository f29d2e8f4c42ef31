// Modules that a worker's script has in it, where it is served by a page: nothing else can be imported there.

type AloneModule = typeof import('./alone.ts');

export const inside: { alone: AloneModule | undefined } = { alone: undefined };
