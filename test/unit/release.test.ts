// What stands in the way of a release, as scripts/release.mjs sees it; the packing itself is a command (`npm run release`).
import { expect, test } from 'vitest';
import { notesOf, problemsOf } from '../../scripts/release.mjs';

const changelog =
  '# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-28\n\n- What is new.\n\n## 1.2.2 - 2026-01-01\n\n- Old.\n';
const checkout = {
  status: '',
  tags: ['v1.2.2'],
  manifest: { name: 'pevm-wasm', version: '1.2.3', repository: 'github:someone/something' },
  lockVersion: '1.2.3',
  changelog,
};

test('a version has the notes below its heading', () => {
  expect(notesOf(changelog, '1.2.3')).toBe('- What is new.');
  expect(notesOf(changelog, '1.2.2')).toBe('- Old.');
  expect(notesOf(changelog, '1.2')).toBeUndefined();
  expect(notesOf('## 1.2.3\n\n- No date.\n', '1.2.3')).toBeUndefined();
  expect(notesOf('## 1.2.3 - 2026-11-28\n\n## 1.2.2 - 2026-01-01\n\n- Old.\n', '1.2.3')).toBeUndefined();
});

test('nothing stands in the way of a checkout that is ready', () => {
  expect(problemsOf(checkout)).toEqual([]);
});

test.for([
  [{ status: ' M README.md\n?? x' }, 'the checkout is not clean:  M README.md, ?? x'],
  [{ tags: ['v1.2.3'] }, 'version 1.2.3 is tagged already: raise it in package.json'],
  [{ lockVersion: '1.2.2' }, 'package-lock.json is of version 1.2.2: run npm install'],
  [{ changelog: '# Changelog\n' }, 'CHANGELOG.md says nothing below a heading "## 1.2.3 - YYYY-MM-DD"'],
  [
    { changelog: changelog.replace('## Unreleased\n', '## Unreleased\n\n- More.\n') },
    'CHANGELOG.md has lines below "## Unreleased": they belong to the version',
  ],
  [
    { manifest: { name: 'pevm-wasm', version: '1.2.3' } },
    'package.json names no repository, which provenance is about',
  ],
] as const)('%j stands in the way: %s', ([change, problem]) => {
  expect(problemsOf({ ...checkout, ...change })).toEqual([problem]);
});

test('a version that is none stands in the way', () => {
  const found = problemsOf({ ...checkout, manifest: { ...checkout.manifest, version: '1.2' }, lockVersion: '1.2' });
  expect(found).toContain('package.json: version "1.2" is none');
});
