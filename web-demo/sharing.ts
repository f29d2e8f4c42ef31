// What leaves the page: a file that is saved, or text on the clipboard.
import { make } from './elements.ts';

export function download(name: string, text: string): void {
  const link = make('a', '');
  link.download = name;
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Says on the button whether it worked. */
export async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'The browser does not allow it';
  }
  setTimeout(() => {
    button.textContent = label;
  }, 2_000);
}

/** JSON with numbers of any size: those that JSON has no room for become decimal strings. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_, held) => (typeof held === 'bigint' ? String(held) : held), 2);
}
