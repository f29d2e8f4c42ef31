// Transactions in block order, and arcs between those that changed the same place in the state.
import { element, make } from '../elements.ts';
import type { Conflict } from '../run-types.ts';

/** Of the drawing; on the page it is as wide as there is room, and as high as the style says. */
const WIDTH = 1000;
const HEIGHT = 200;
const BASE = HEIGHT - 2;
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
  const shown = conflicts.map(({ writers }) => thinned(writers));
  const longest = Math.max(1, ...shown.flatMap(distances));
  const groups = shown.map((writers, index) => arcsOf(writers, index, { transactions, longest }));
  const root = svg('svg', {
    ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none' },
    ...{ role: 'img', 'aria-labelledby': 'conflicts-text' },
  });
  root.append(svg('line', { x1: 0, x2: WIDTH, y1: BASE, y2: BASE, class: 'axis' }), ...groups);
  const ends = make('p', 'ends', make('span', '', '0'), make('span', '', String(transactions - 1)));
  picture.replaceChildren(root, ends);
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

/** So many that arcs between neighbours can be told from each other. */
function thinned(writers: readonly number[]): readonly number[] {
  const step = Math.max(1, Math.ceil(writers.length / MOST_ARCS));
  return writers.filter((_, place) => place % step === 0);
}

function distances(writers: readonly number[]): number[] {
  return writers.slice(1).map((writer, place) => writer - writers[place]!);
}

/** The longest arc is as high as the picture; shorter ones by the root of their length, so that those between neighbours are seen, too. */
function arcsOf(
  writers: readonly number[],
  index: number,
  { transactions, longest }: { readonly transactions: number; readonly longest: number },
): SVGElement {
  const at = (transaction: number) => (((transaction + 0.5) / transactions) * WIDTH).toFixed(1);
  const group = svg('g', { class: `arcs place-${index}` });
  const paths = distances(writers).map((distance, place) => {
    const [left, right] = [at(writers[place]!), at(writers[place + 1]!)];
    // A curve of this kind reaches three quarters of the way to its controls.
    const control = (BASE - ((BASE - 4) / 0.75) * Math.sqrt(distance / longest)).toFixed(1);
    return `M${left} ${BASE}C${left} ${control} ${right} ${control} ${right} ${BASE}`;
  });
  group.append(svg('path', { d: paths.join('') }));
  return group;
}

function svg(tag: string, attributes: Record<string, string | number>): SVGElement {
  const node = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}
