// Objects whose parts are computed when somebody looks at them, as consoles and JSON show them: with their values.

/** What Node, Bun and Deno call to print an object. */
type Inspect = (value: unknown, options: object) => string;

/** The prototype of such objects: `console.log` shows values instead of `[Getter]`. */
const printed: object = Object.create(Object.prototype, {
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: object, _depth: number, options: object, inspect: Inspect): string {
      return inspect({ ...this }, options);
    },
  },
  [Symbol.for('Deno.customInspect')]: {
    value(this: object, inspect: Inspect, options: object): string {
      return inspect({ ...this }, options);
    },
  },
});

/** The same, and `JSON.stringify` works. */
const shown: object = Object.create(printed, {
  toJSON: {
    value(this: object): unknown {
      return plain({ ...this });
    },
  },
});

/** The same object, which shows its values when it is printed. */
export function printing<T extends object>(object: T): T {
  return Object.setPrototypeOf(object, printed);
}

/** The same object, which shows its values when it is printed or stringified; bigints become hex quantities in JSON. */
export function showing<T extends object>(object: T): T {
  return Object.setPrototypeOf(object, shown);
}

/** For JSON: bigints as JSON-RPC writes them, maps as objects, sets as lists. What has a `toJSON` of its own says itself. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (value instanceof Set) return plain([...value]);
  if (Array.isArray(value)) return value.map(plain);
  if ('toJSON' in value && Object.getPrototypeOf(value) !== shown) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
