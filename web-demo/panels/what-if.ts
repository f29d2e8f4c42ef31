// Another order of the block: what the visitor changed, and what the block would have come to.
import { counted, element, make } from '../elements.ts';
import type { Alternative, Order } from '../run-types.ts';

const MOST_LINES = 50;

const button = element('what-if', HTMLButtonElement);
const reset = element('reset-order', HTMLButtonElement);
const result = element('alternative', HTMLElement);

export function showEdits(order: Order, moved: readonly number[]): void {
  const left = new Set(order);
  const gone = moved.filter((origin) => !left.has(origin)).length;
  element('edits', HTMLElement).textContent =
    moved.length === 0
      ? 'Drag a transaction elsewhere, or choose one and move or drop it; then ask what would have been.'
      : `${moved.length - gone} moved, ${gone} dropped.`;
  button.hidden = moved.length === 0;
  reset.hidden = moved.length === 0;
  result.replaceChildren();
}

export function showAlternative({ gasUsed, saved, executed, changed, accounts, durationMs }: Alternative): void {
  const lines = changed
    .slice(0, MOST_LINES)
    .map(({ origin, words }) => make('li', '', `Transaction ${origin}: ${words}`));
  if (changed.length > MOST_LINES) lines.push(make('li', 'hint', `and ${changed.length - MOST_LINES} more`));
  result.replaceChildren(
    make(
      'p',
      '',
      make(
        'b',
        '',
        changed.length === 0
          ? 'Nothing else would have changed.'
          : `${counted(changed.length, 'transaction')} would have come to something else.`,
      ),
      ` ${gasUsed.toLocaleString('en')} gas; ${counted(accounts, 'account')} would be different after the block.`,
    ),
    make(
      'p',
      'hint',
      `${counted(executed, 'transaction')} had to be executed again, ${Math.round(saved * 100)} % of the block's gas was not; ${durationMs.toFixed(1)} ms.`,
    ),
    make('ul', 'plain', ...lines),
  );
}
