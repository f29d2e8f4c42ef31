// A reporter for vitest: what was thrown outside of any test, which its reports in JSON leave out.
import { writeFileSync } from 'node:fs';

export default class {
  /**
   * @param {readonly unknown[]} _modules
   * @param {readonly { name?: string, message: string }[]} errors
   */
  onTestRunEnd(_modules, errors) {
    const texts = errors.map(({ name = 'Error', message }) => `${name}: ${message}`);
    writeFileSync(/** @type {string} */ (process.env.UNHANDLED_FILE), JSON.stringify(texts));
  }
}
