// Turns recorded state into templates: finds the addresses of roles in code, slots and values, also behind hashes.
import { rolesOf, type Template } from '../../src/traffic/template.ts';

/** How far behind a hash the members of a struct in a mapping are looked for. */
const structSlots = 8n;

export class Abstraction {
  readonly #roles: readonly (readonly [role: string, address: string])[];
  readonly #preimages: ReadonlyMap<string, string>;

  /**
   * @param roles addresses to leave open, by role
   * @param preimages what was hashed, by hash; all hex without `0x`
   */
  constructor(roles: Readonly<Record<string, string>>, preimages: ReadonlyMap<string, string>) {
    this.#roles = Object.entries(roles);
    this.#preimages = preimages;
  }

  code(code: string): Template {
    return this.#words(code, false);
  }

  slot(slot: bigint): Template {
    for (let offset = 0n; offset < structSlots && offset <= slot; offset++) {
      const template = this.#hash(pad(slot - offset));
      if (template !== undefined) return offset === 0n ? template : `${template}+${offset}`;
    }
    return pad(slot);
  }

  value(value: bigint): Template {
    return this.#words(pad(value), true);
  }

  /** The template of a hash whose preimage depends on a role; `undefined` for any other word. */
  #hash(word: string): Template | undefined {
    const preimage = this.#preimages.get(word);
    if (preimage === undefined) return undefined;
    const template = `[${this.#words(preimage, true)}]`;
    return rolesOf(template).size > 0 ? template : undefined;
  }

  /** @param hashes whether whole words may be hashes of roles (in code, a word is not aligned and never one) */
  #words(hex: string, hashes: boolean): Template {
    if (hashes && hex.length % 64 === 0) {
      const words = hex.match(/.{64}/g) ?? [];
      return words.map((word) => this.#hash(word) ?? this.#addresses(word)).join('');
    }
    return this.#addresses(hex);
  }

  #addresses(hex: string): Template {
    return this.#roles.reduce((text, [role, address]) => text.replaceAll(address, `{${role}}`), hex);
  }
}

function pad(word: bigint): string {
  return word.toString(16).padStart(64, '0');
}
