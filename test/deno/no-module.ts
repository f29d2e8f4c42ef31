// What stands here for modules that only a build makes: with no WebAssembly to be had, what needs it is made in JavaScript.
export default new Uint8Array(0);
