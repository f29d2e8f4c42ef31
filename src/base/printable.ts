// Text that a terminal or a log shows as it is, whatever a file or a node put into it.

/** Control characters (C0 but for line feeds, DEL, C1), those that turn the direction of text, separators of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with such characters as escapes, as in JavaScript: `\u001b`. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
