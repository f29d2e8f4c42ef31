// What an engine opens worlds with: loaded when the first is opened, with all that can be asked of worlds.

export { beginWorld, readFirstBlock, readHead } from './opening.ts';
export { ResidentWorld } from './world.ts';
export { WorldBlockJob } from './world-block-job.ts';
