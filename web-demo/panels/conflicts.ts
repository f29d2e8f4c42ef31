// Transactions in block order, and arcs between those that changed the same place in the state.
import { element, make } from '../elements.ts';
import type { Conflict } from '../run-types.ts';

const WIDTH = 1000;
const HEIGHT = 240;
const BASE = HEIGHT - 16;
const SVG = 'http://www.w3.org/2000/svg';
/** More arcs than this between neighbours of one place are a smear, and slow. */
const MOST_ARCS = 400;

export function showConflicts(conflicts: readonly Conflict[], transactions: number): void {
  const picture = element('conflicts', HTMLElement);
  const list = element('locations', HTMLOListElement);
  element('no-locations', HTMLElement).hidden = conflicts.length > 0;
  picture.hidden = conflicts.length === 0;
  if (conflicts.length === 0) {
    list.replaceChildren();
    return;
  }
  const groups = conflicts.map((conflict, index) => arcsOf(conflict, index, transactions));
  const root = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-labelledby': 'conflicts-text' });
  root.append(
    svg('line', { x1: 0, x2: WIDTH, y1: BASE, y2: BASE, class: 'axis' }),
    ...groups,
    text(0, 'start', '0'),
    text(WIDTH, 'end', String(transactions - 1)),
  );
  picture.replaceChildren(root);
  const [worst] = conflicts;
  element('conflicts-text', HTMLElement).textContent =
    `Transactions 0 to ${transactions - 1} from left to right; an arc leads from one that changes a place to the next that does. ` +
    `Worst: ${worst!.name}, changed by ${worst!.writers.length} transactions; ${failures(worst!.count)}.`;
  list.replaceChildren(
    ...conflicts.map(({ name, count, writers }, index) => {
      const button = make('button', 'link', make('span', `key place-${index}`), name);
      button.type = 'button';
      button.setAttribute('aria-pressed', 'false');
      button.addEventListener('click', () => single(root, groups, list, index));
      const changes = writers.length > 0 ? `changed by ${writers.length}, ` : '';
      return make('li', '', button, make('span', 'hint', `${changes}${failures(count)}`));
    }),
  );
}

function failures(count: number): string {
  return count === 1 ? '1 failed validation' : `${count} failed validations`;
}

/** Shows the arcs of one place alone, or of all again. */
function single(root: Element, groups: readonly Element[], list: Element, index: number): void {
  const buttons = [...list.querySelectorAll('button')];
  const alone = buttons[index]!.getAttribute('aria-pressed') !== 'true';
  for (const [other, button] of buttons.entries())
    button.setAttribute('aria-pressed', String(alone && other === index));
  for (const [other, group] of groups.entries()) group.classList.toggle('faint', alone && other !== index);
  root.append(groups[index]!);
}

function arcsOf({ writers }: Conflict, index: number, transactions: number): SVGElement {
  const at = (transaction: number) => ((transaction + 0.5) / transactions) * WIDTH;
  const group = svg('g', { class: `arcs place-${index}` });
  const step = Math.max(1, Math.ceil(writers.length / MOST_ARCS));
  const shown = writers.filter((_, place) => place % step === 0);
  const paths = shown.slice(1).map((writer, place) => {
    const [left, right] = [at(shown[place]!), at(writer)];
    const height = Math.min(BASE - 8, 12 + (right - left) * 0.45);
    return `M${left.toFixed(1)} ${BASE}C${left.toFixed(1)} ${BASE - height} ${right.toFixed(1)} ${BASE - height} ${right.toFixed(1)} ${BASE}`;
  });
  group.append(svg('path', { d: paths.join('') }));
  return group;
}

function text(x: number, anchor: string, words: string): SVGElement {
  const node = svg('text', { x, y: HEIGHT - 2, 'text-anchor': anchor });
  node.textContent = words;
  return node;
}

function svg(tag: string, attributes: Record<string, string | number>): SVGElement {
  const node = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}
