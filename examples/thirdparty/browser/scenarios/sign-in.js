import assert from 'node:assert/strict';
import { password } from '../harness/portal.js';
import { scenario } from '../harness/scenario.js';

scenario('who is not signed in is led to sign in and back', async (site) => {
  const ada = await site.visitor();
  await ada.open('/devices');
  await ada.heading('Sign in');
  await ada.signIn('ada@contoso.example', password);
  await ada.heading('Devices');
});

scenario('a wrong password is refused and a right one is not', async (site) => {
  const ada = await site.visitor();
  await ada.open('/sign-in');
  await ada.signIn('ada@contoso.example', 'not that one', 401);
  await ada.refused('');
  assert.equal(await ada.page.getByLabel('User name or e-mail address').inputValue(), 'ada@contoso.example');
  await ada.fill('Password', password);
  await ada.press('Sign in');
  await ada.heading('Overview');
  await ada.press('Sign out');
  await ada.heading('Sign in');
  await ada.told('You are signed out.');
});

scenario('a notice of the overview leads to where it is settled', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow(/Nobody travels/);
  await ada.heading('Sign-ins');
  assert.ok(await ada.page.getByLabel('Unusual ones only').isChecked());
  await ada.follow('Overview');
  await ada.follow(/ADA-DESKTOP was not used/);
  await ada.heading('ADA-DESKTOP');

  const lin = await site.signedIn('lin@home.example');
  await lin.follow(/You have no recovery code/);
  await lin.heading('Password');
});

scenario('what is not there is said to be not there', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.open('/nothing', 404);
  await ada.heading('Not found');
  await ada.open('/devices/lin-tablet', 404);
  await ada.heading('Not found');
  await ada.open('/admin', 403);
  await ada.refused('');
});
