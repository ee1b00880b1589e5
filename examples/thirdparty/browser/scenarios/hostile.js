import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.js';
import { administrator } from './admin.js';

const markup = '"><img src=x onerror=alert(1)><script>alert(1)</script>';
const names = [`${markup} {{.Me}} & &lt; '); alert(1); ('`, 'עדה ابن سينا 🧑‍🚀👩‍👩‍👧‍👦 é', 'long'.repeat(64)];

scenario('whatever somebody calls themselves is text on every page', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  for (const name of names) {
    await lin.follow('Profile');
    await lin.fill('Display name (needed)', name);
    await lin.fill('First name', name.slice(0, 64).trim());
    await lin.fill('Last name', name.slice(0, 64).trim());
    await lin.press('Save');
    for (const tab of ['Overview', 'Password', 'Devices', 'Sign-ins', 'Sessions', 'Profile']) {
      await lin.follow(tab);
      assert.equal(await lin.page.getByRole('banner').getByRole('paragraph').last().textContent(), name);
    }
    assert.equal(await lin.page.getByLabel('First name').inputValue(), name.slice(0, 64).trim());
  }
});

scenario('whatever is typed into a field that refuses it stands there as text', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Profile');
  for (const text of [...names, 'abc\u202etxt.exe']) {
    await lin.fill('Mobile phone', text.slice(0, 64));
    await lin.press('Save', { answer: 400 });
    assert.equal(await lin.page.getByLabel('Mobile phone').inputValue(), text.slice(0, 64));
  }
  await lin.follow('Profile');
  await lin.fill('Display name (needed)', 'abc\u202etxt.exe');
  await lin.press('Save', { answer: 400 });
  await lin.press('Sign out');
  for (const text of names) {
    await lin.signIn(text, 'not the password', 401);
    assert.equal(await lin.page.getByLabel('User name or e-mail address').inputValue(), text);
  }
});

scenario('a text of 500 characters in any field breaks no page', async (site) => {
  const long = `<b>${'w'.repeat(496)}`;
  const lin = await site.signedIn('lin@home.example');
  const typed = async (page, fields, button, answer) => {
    await lin.follow(page);
    await lin.bold();
    for (const field of fields) await lin.fill(field, long);
    await lin.press(button, { answer });
    if (answer !== 400) return;
    await lin.refused(/want|longer|too long|characters/);
    for (const field of page === 'Sign-ins' ? [] : fields) { // a search that cannot be has no list to be shown with
      const input = lin.page.getByLabel(field, { exact: true });
      if (await input.getAttribute('type') !== 'password') assert.equal(await input.inputValue(), long);
    }
  };
  await typed('Profile', ['Display name (needed)', 'First name', 'Last name', 'Mobile phone', 'Display language', 'Regional format', 'Time zone'], 'Save', 400);
  await typed('Password', ['Current password', 'New password', 'New password again'], 'Change the password', 400);
  await typed('Sign-ins', ['Search'], 'Search', 400);
  await lin.follow('Profile');
  await lin.follow('Close your account');
  await lin.bold();
  await lin.fill('Why do you close it? (if you like to tell)', long);
  await lin.press('Close the account', { answer: 409 });
  await lin.press('Sign out');
  await lin.signIn(long, long, 401);
});

scenario('whatever is searched for is text', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Sign-ins');
  for (const text of names) {
    await ada.fill('Search', text.slice(0, 100));
    await ada.press('Search');
    assert.equal(await ada.page.getByRole('searchbox').inputValue(), text.slice(0, 100));
  }
});

scenario('whatever the contact is called is text in every refusal', async (site) => {
  const carol = await administrator(site);
  const ada = await site.signedIn('ada@contoso.example');
  for (const name of names) {
    await carol.follow('Administration');
    await carol.fill('Contact', name);
    await carol.press('Save');
    for (const tab of ['Devices', 'Profile']) {
      await ada.follow(tab);
      await ada.sees(name);
    }
  }
});

scenario('a device whose name is markup is disabled like any other', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  const row = ada.row('alert("this page")');
  await ada.follow(/alert\("this page"\)/);
  await ada.press('Disable', { answer: 428 });
  await ada.sees(/Disable “<script>alert\("this page"\)<\/script> & <b>Ada's<\/b>/);
  await ada.press('Yes');
  await ada.follow('Devices');
  await ada.sees('disabled', row);
});

scenario('a script in a page would not run', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  ada.allowed.push(/Content Security Policy/);
  await ada.page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<img src="/icon.svg" alt="" onload="document.title = 1">');
    document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }));
  });
  assert.equal(await ada.page.title(), 'Overview – My Account');
});
