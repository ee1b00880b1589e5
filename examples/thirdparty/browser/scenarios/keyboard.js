import assert from 'node:assert/strict';
import { password } from '../harness/portal.js';
import { scenario } from '../harness/scenario.js';

scenario('with keys alone somebody signs in and disables a device', async (site) => {
  const ada = await site.visitor();
  await ada.open('/sign-in');
  await tabTo(ada, 'User name or e-mail address');
  await ada.page.keyboard.type('ada@contoso.example');
  await tabTo(ada, 'Password');
  await ada.page.keyboard.type(password);
  await ada.typed('Enter');
  await ada.heading('Overview');

  await tabTo(ada, 'Devices');
  await ada.typed('Enter');
  await tabTo(ada, 'Disable ADA-LAPTOP');
  await ada.typed('Space', 428);
  await tabTo(ada, 'No');
  await ada.typed('Enter');
  await tabTo(ada, 'Disable');
  await ada.typed('Space', 428);
  await tabTo(ada, 'Yes');
  await ada.typed('Enter');
  await ada.told('The device is disabled.');
});

scenario('the first key leads past the navigation', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  await tabTo(ada, 'Skip to the content');
  await ada.page.keyboard.press('Enter');
  await tabTo(ada, 'Your devices');
});

// tabTo presses the tabulator until something of that name has the focus, which is to be seen wherever it is on the way.
async function tabTo(visitor, name) {
  const passed = [];
  while (passed.at(-1) !== name) {
    assert.ok(passed.length < 60, `${name} is not reached with keys: ${passed}`);
    await visitor.page.keyboard.press('Tab');
    const focused = visitor.page.locator(':focus');
    passed.push(await named(focused));
    const { outline, box } = await focused.evaluate((e) => ({ outline: getComputedStyle(e).outline, box: e.getBoundingClientRect().toJSON() }));
    assert.match(outline, /solid [3-9]px/, `the focus is not to be seen at ${passed.at(-1)}`);
    assert.ok(box.width > 1 && box.top >= 0, `${passed.at(-1)} has the focus and is hidden`);
  }
}

// named is the name that is read out for what has the focus.
async function named(focused) {
  const [, name] = /^- \S+(?: "((?:[^"\\]|\\.)*)")?/.exec(await focused.ariaSnapshot()) ?? [];
  return name?.replace(/\\(.)/g, '$1');
}
