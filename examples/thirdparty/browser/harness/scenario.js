// A scenario is a test in which people use a portal that nobody else uses. It runs twice: in a browser without JavaScript,
// and in one with it. Every page that somebody saw in it is checked when it is over, whether its author thought of that
// or not.
import { after, before, describe, it } from 'node:test';
import { launch } from './browser.js';
import { Checker } from './check.js';
import { build, password, start } from './portal.js';
import { Visitor } from './visitor.js';

const scenarios = [];

// scenario adds one. Its name is a sentence; use is given a site.
export function scenario(name, use) {
  scenarios.push({ name, use });
}

// Site is a portal and who is looking at it.
class Site {
  constructor(portal, browser, javaScriptEnabled) {
    Object.assign(this, { portal, browser, javaScriptEnabled, visitors: [] });
  }

  // visitor is somebody with a browser of their own, who is not signed in.
  async visitor() {
    const context = await this.browser.newContext({ baseURL: this.portal.address, javaScriptEnabled: this.javaScriptEnabled });
    const visitor = new Visitor(this.portal.address, context, await context.newPage());
    this.visitors.push(visitor);
    return visitor;
  }

  // signedIn is a visitor who signed in.
  async signedIn(name) {
    const visitor = await this.visitor();
    await visitor.open('/sign-in');
    await visitor.signIn(name, password);
    await visitor.heading('Overview');
    return visitor;
  }

  // code is the newest that was sent to an address or a phone, read where people read it.
  async code(to) {
    const reader = await this.visitor();
    await reader.open('/mailbox');
    const message = reader.page.getByRole('article').filter({ hasText: to }).filter({ hasNotText: 'Link' }).first();
    return message.locator('code').innerText();
  }
}

// run gives the scenarios to node's test runner, some at a time.
export function run(atATime) {
  describe('the portal', { concurrency: atATime }, () => {
    let built, browser, checker;
    before(async () => {
      [built, browser] = await Promise.all([build(), launch()]);
      checker = await Checker.in(browser);
    });
    after(async () => {
      await browser?.close();
      await built?.remove();
    });
    for (const javaScriptEnabled of [false, true]) {
      for (const { name, use } of scenarios) {
        it(`${name} (${javaScriptEnabled ? 'with' : 'without'} JavaScript)`, async () => {
          const portal = await start(built.program);
          const site = new Site(portal, browser, javaScriptEnabled);
          try {
            await use(site);
            for (const visitor of site.visitors) await checker.check(visitor);
          } finally {
            await Promise.all(site.visitors.map((v) => v.context.close()));
            await portal.stop();
          }
        });
      }
    }
  });
}
