// Compiles an entry of the core's sources into a module of its own, for tests of parts that the ABI does not export.
import { root } from './source.ts';

/** Instantiates `entry` (relative to the checkout) over a fresh memory of `pages` pages. */
export async function instantiateProbe<Exports>(
  entry: string,
  pages: number,
  imports: Record<string, WebAssembly.ImportValue> = {},
): Promise<{ exports: Exports; memory: WebAssembly.Memory }> {
  const { default: asc } = await import('assemblyscript/asc');
  let bytes: Uint8Array | undefined;
  let messages = '';
  const log = {
    write(text: string) {
      messages += text;
      return true;
    },
  };
  const { error } = await asc.main(
    [entry, '--baseDir', root, '--config', 'assembly/probe/asconfig.json', '--outFile', 'probe.wasm'],
    {
      stdout: log,
      stderr: log,
      writeFile: (name, content) => {
        if (name === 'probe.wasm') bytes = content as Uint8Array;
      },
    },
  );
  if (error !== null || bytes === undefined) throw new Error(`${entry} does not compile.\n${messages}`);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 32767, shared: true });
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const instance = new WebAssembly.Instance(module, { env: { memory, ...imports } });
  return { exports: instance.exports as Exports, memory };
}
