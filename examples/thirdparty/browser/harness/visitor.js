// A visitor is somebody with a browser. They find things as people do, by what is written on them, and all that the site
// answers them is kept for being checked.
import assert from 'node:assert/strict';

export class Visitor {
  constructor(address, context, page) {
    Object.assign(this, { address, context, page, answers: [], expected: [], wrong: [], allowed: [] });
    context.setDefaultTimeout(20_000);
    context.on('request', (r) => {
      if (new URL(r.url()).origin !== address) this.wrong.push(`a request left the site: ${r.url()}`);
    });
    context.on('response', (r) => {
      const answer = kept(r, page);
      answer.catch(() => {}); // what comes after the check, as the browser closes, is nobody's; what came before is awaited there
      this.answers.push(answer);
    });
    context.on('console', (m) => this.#said(m));
    context.on('dialog', (d) => { this.wrong.push(`a dialog opened: ${d.message()}`); return d.dismiss(); });
    context.on('weberror', (e) => this.wrong.push(`a script failed: ${e.error()}`));
  }

  #said(message) {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    this.wrong.push({ text: message.text(), at: message.location().url });
  }

  // open goes to an address of the site.
  async open(path, answer = 200) {
    return this.#through(() => this.page.goto(path), answer);
  }

  // follow goes where a link leads.
  async follow(name, { within = this.page, answer = 200 } = {}) {
    return this.#through(() => within.getByRole('link', { name, exact: true }).first().click(), answer);
  }

  // press uses a button that sends a form.
  async press(name, { within = this.page, answer = 200 } = {}) {
    return this.#through(() => within.getByRole('button', { name, exact: true }).click(), answer);
  }

  // typed does what leads to another page with keys alone.
  async typed(key, answer = 200) {
    return this.#through(() => this.page.keyboard.press(key), answer);
  }

  // through waits for the page that something leads to, and says which answer was expected: what a browser writes to its
  // console about such an answer is no error of the site then.
  async #through(act, expected) {
    const [response] = await Promise.all([
      this.page.waitForEvent('response', (r) => isDocument(r, this.page) && !isRedirect(r)),
      this.page.waitForEvent('load'),
      act(),
    ]);
    assert.equal(response.status(), expected, `${response.request().method()} ${response.url()}`);
    if (expected >= 400) this.expected.push({ url: response.url(), status: expected });
    await Promise.all(this.answers); // the browser lets go of them when it goes on
  }

  async fill(label, text) {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  async signIn(name, password, answer = 200) {
    await this.fill('User name or e-mail address', name);
    await this.fill('Password', password);
    await this.press('Sign in', { answer });
  }

  // bold is for who sends what the browser would not: so that the site judges it.
  async bold() {
    await this.page.evaluate(() => {
      for (const form of document.forms) form.noValidate = true;
      for (const field of document.querySelectorAll('[maxlength]')) field.removeAttribute('maxlength');
    });
  }

  // The following wait for what is to be seen, and fail if it never is.

  async heading(name) {
    await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }

  async told(text) {
    await this.page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  async refused(text) {
    await this.page.getByRole('alert').filter({ hasText: text }).waitFor();
  }

  async sees(text, within = this.page) {
    await within.getByText(text).first().waitFor();
  }

  async seesNo(text, within = this.page) {
    assert.equal(await within.getByText(text).count(), 0, `${text} is to be seen`);
  }

  // row is that of a table which begins with a name.
  row(name) {
    return this.page.getByRole('row').filter({ has: this.page.getByRole('rowheader').filter({ hasText: name }) });
  }

  // whyNot is the reason that is written at a control which cannot be used, as it is read out with it.
  async whyNot(button, within = this.page) {
    const control = within.getByRole('button', { name: button, exact: true });
    assert.ok(await control.isDisabled(), `${button} can be pressed`);
    return this.page.locator(`[id="${await control.getAttribute('aria-describedby')}"]`).innerText();
  }
}

function isDocument(response, page) {
  const request = response.request();
  return request.isNavigationRequest() && request.frame() === page.mainFrame();
}

function isRedirect(response) {
  return response.status() >= 300 && response.status() < 400;
}

// kept is an answer with its body.
async function kept(response, page) {
  const answer = { url: response.url(), method: response.request().method(), status: response.status(), isDocument: isDocument(response, page) && !isRedirect(response) };
  const [headers, body] = await Promise.all([response.allHeaders(), isRedirect(response) ? null : response.body()]);
  return { ...answer, headers, body };
}
