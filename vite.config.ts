// Builds the library's entries into dist/. Worker, executor and core travel inside them (scripts/virtual-modules.mjs).
import { defineConfig } from 'vite';
import { virtualModules } from './scripts/virtual-modules.mjs';

export default defineConfig({
  plugins: [virtualModules()],
  build: {
    target: 'es2022',
    minify: false,
    reportCompressedSize: false,
    copyPublicDir: false,
    lib: {
      entry: {
        index: 'src/index.ts',
        traffic: 'src/traffic/index.ts',
        cli: 'src/cli/main.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: {
      // What package.json lists as dependencies is installed with the package; only our own sources are bundled.
      // (The compiler's own runtime is no dependency.)
      external: (id) => !/^(\.|\/|\0|virtual:|@oxc-project\/runtime|[A-Za-z]:[\\/])/.test(id),
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name].js',
      },
    },
  },
});
