// Runs modules one after the other in one process, and tells of each what it printed and how it ended, as a line of JSON.
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const tell = process.stdout.write.bind(process.stdout);
let printed = [];
console.log = (...words) => void printed.push(format(...words));

for (const path of process.argv.slice(2)) {
  printed = [];
  let failure;
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    failure = String(error?.stack ?? error);
  }
  // What is written to a pipe must be out before the next one may end the process.
  await new Promise((done) => tell(`${JSON.stringify({ path, printed: printed.join('\n'), failure })}\n`, done));
}
process.exit(0);
