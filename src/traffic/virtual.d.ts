// Type of the module that scripts/traffic.mjs makes at build time.

declare module 'virtual:pevm/traffic' {
  const product: import('./product.ts').TrafficProduct;
  export default product;
}
