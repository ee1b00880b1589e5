// What holds for every page: its HTML is valid, axe finds nothing in light and in dark, it fits a small screen, nothing was
// asked of another site, and the console stayed empty.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { HtmlValidate } from 'html-validate';

const axe = await readFile(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const pictures = fileURLToPath(new URL('../screenshots/', import.meta.url));
const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 800 };
const narrowest = { width: 360, height: 800 };

// What is valid either way is written as the authors like; a list is sent as fields of one name, as forms do; a title is as long
// as the name of what the page is about. All else of the recommended rules holds.
const taste = Object.fromEntries(['doctype-style', 'form-dup-name', 'long-title', 'no-implicit-button-type', 'no-trailing-whitespace', 'void-style']
  .map((rule) => [rule, 'off']));
const html = new HtmlValidate({ extends: ['html-validate:recommended'], rules: taste });

// Checker looks at pages in a context of its own: what the site answered is shown there again, so that looking at it
// changes nothing, and the security policy of the page can be set aside for axe, in which nobody clicks.
export class Checker {
  #context;
  #seen = new Map(); // what was checked, by its text
  #pictured = new Map(); // how many screenshots a page has

  static async in(browser) {
    const checker = new Checker();
    checker.#context = await browser.newContext({ bypassCSP: true, reducedMotion: 'reduce', viewport: wide });
    await rm(pictures, { recursive: true, force: true });
    await mkdir(pictures, { recursive: true });
    return checker;
  }

  async check(visitor) {
    const answers = await Promise.all(visitor.answers);
    assert.deepEqual(unexpected(visitor, answers), []);
    const documents = answers.filter((a) => a.isDocument);
    assert.ok(documents.length > 0, 'nobody visits no page');
    for (const answer of documents) {
      const text = likeness(answer);
      if (!this.#seen.has(text)) this.#seen.set(text, this.#look(answer, answers));
      await this.#seen.get(text);
    }
  }

  async #look(answer, answers) {
    const name = `${answer.method} ${new URL(answer.url).pathname} (${answer.status})`;
    const report = await html.validateString(answer.body.toString('utf8'));
    assert.deepEqual(report.results.flatMap((r) => r.messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`)), [], `the HTML of ${name}`);
    const page = await this.#context.newPage();
    try {
      await page.route('**/*', (route) => replay(route, answer, answers));
      await page.goto(answer.url);
      await page.evaluate(axe);
      await accessible(page, name + ' in light');
      const file = this.#fileOf(answer);
      if (file) await page.screenshot({ path: `${file}-wide.png`, fullPage: true });
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize(narrow);
      await accessible(page, name + ' in dark', ['color-contrast', 'target-size']); // all that depends on colours and sizes
      if (file) await page.screenshot({ path: `${file}-narrow.png`, fullPage: true });
      await page.setViewportSize(narrowest);
      const [needs, has] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(needs <= has, `${name} is ${needs} pixels wide on a screen of ${has}`);
    } finally {
      await page.close();
    }
  }

  // fileOf is where screenshots of a page go: of the first states in which it was seen, so that a person can look at all.
  #fileOf(answer) {
    const slug = masked(decodeURIComponent(new URL(answer.url).pathname)).replace(/[^\p{L}\d]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60) || 'overview';
    const name = `${slug}-${answer.method.toLowerCase()}-${answer.status}`;
    const number = (this.#pictured.get(name) ?? 0) + 1;
    this.#pictured.set(name, number);
    return number <= 3 && `${pictures}${name}-${number}`;
  }
}

// unexpected is what went wrong outside of pages, but for what a browser writes about an answer that the test expected.
function unexpected({ wrong, expected, allowed }, answers) {
  const tellable = expected.map(({ url, status }) => `${url} ${status}`);
  const untold = answers.filter((a) => a.isDocument && a.status >= 400).map((a) => `${a.url} ${a.status}`);
  for (const told of tellable) {
    const at = untold.indexOf(told);
    if (at >= 0) untold.splice(at, 1);
  }
  return wrong.filter((said) => {
    const status = /Failed to load resource: the server responded with a status of (\d+)/.exec(said.text ?? '')?.[1];
    const at = tellable.indexOf(`${said.at} ${status}`);
    if (at >= 0) tellable.splice(at, 1);
    return at < 0 && !allowed.some((pattern) => pattern.test(said.text ?? ''));
  }).concat(untold);
}

// likeness is what two pages have in common that differ by nothing but times and made-up ids.
function likeness(answer) {
  const text = answer.body.toString('utf8').replace(/<(time|code)[^>]*>[^<]*<\/\1>/g, '<$1>').replace(/(<input type="hidden"[^>]*) value="[^"]*"/g, '$1');
  return `${answer.status} ${masked(text)}`;
}

function masked(text) {
  return text.replace(/[A-Z2-7]{26}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID');
}

// replay answers as the site did, and asks it nothing.
function replay(route, answer, answers) {
  const url = route.request().url();
  const again = route.request().isNavigationRequest() ? answer : answers.findLast((a) => a.url === url && a.body && !a.isDocument);
  return again ? route.fulfill({ status: again.status, headers: again.headers, body: again.body }) : route.abort();
}

// accessible has axe look at a page: by all of its rules, or by some.
async function accessible(page, name, rules) {
  const options = { resultTypes: ['violations'], ...rules && { runOnly: rules } };
  const { violations } = await page.evaluate((how) => globalThis.axe.run(how), options);
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`), [], name);
}
