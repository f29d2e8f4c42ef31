// What Vite adds: `import.meta.env`, styles as modules.
/// <reference types="vite/client" />
