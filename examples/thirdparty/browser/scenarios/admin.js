import assert from 'node:assert/strict';
import { password } from '../harness/portal.js';
import { scenario } from '../harness/scenario.js';

scenario('a lock is felt at once by who has the other window', async (site) => {
  const carol = await administrator(site);
  const ada = await site.signedIn('ada@contoso.example');
  await lock(carol, 'devices', 'Read only');
  await ada.follow('Devices');
  assert.match(await ada.whyNot('Disable ADA-LAPTOP'), /help@contoso.example/);
  await lock(carol, 'devices', 'Off');
  await ada.follow('Devices', { answer: 403 });
  await ada.refused('help@contoso.example');
  await ada.follow('Overview');
  await lock(carol, 'devices', 'Edit');
  await ada.follow('Devices');
  assert.ok(await ada.page.getByRole('button', { name: 'Disable ADA-LAPTOP', exact: true }).isEnabled());
});

async function lock(admin, area, to) {
  await admin.follow('Administration');
  await admin.page.getByLabel(`How far ${area} is open`, { exact: true }).selectOption(to);
  await admin.press(`Set ${area}`);
  await admin.told('The area is set.');
}

scenario('a licence is withdrawn and granted', async (site) => {
  const carol = await administrator(site);
  await carol.follow('Administration');
  await carol.press('Withdraw AAD_PREMIUM');
  await carol.told('The licences are set.');
  await carol.sees('missing', carol.row('signins.activity.history'));
  await carol.press('Grant AAD_PREMIUM');
  await carol.seesNo('missing', carol.row('signins.activity.history'));
});

scenario('a setting and the contact are changed', async (site) => {
  const carol = await administrator(site);
  await carol.follow('Administration');
  await carol.fill('devices.unused-days', '30');
  await carol.press('Set devices.unused-days');
  await carol.told('The setting is changed.');
  assert.equal(await carol.page.getByLabel('devices.unused-days').inputValue(), '30');
  const owners = carol.page.getByLabel('devices.owners-read-keys');
  await owners.selectOption('No');
  await carol.press('Set devices.owners-read-keys');
  await carol.told('The setting is changed.');
  assert.equal(await owners.inputValue(), '0');
  await carol.fill('Contact', 'the porter');
  await carol.press('Save');
  await carol.told('The contact is saved.');
  const ada = await site.signedIn('ada@contoso.example');
  await ada.open('/close');
  await ada.sees('the porter');
});

scenario('My Account is turned off and on', async (site) => {
  const carol = await administrator(site);
  const ada = await site.signedIn('ada@contoso.example');
  await carol.follow('Administration');
  await carol.press('Turn it off');
  await ada.follow('Devices', { answer: 403 });
  await carol.press('Turn it on');
  await ada.follow('Devices');
});

scenario('an administrator adds a device again', async (site) => {
  const carol = await site.signedIn('carol@contoso.example');
  await person(carol, 'Ada Elm');
  await carol.press('Add again Ada\'s old tablet');
  await carol.told('The device is added again.');
  await carol.press('Disable Ada\'s phone');
  await carol.told('The device is disabled.');
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  await ada.sees('enabled', ada.row('Ada\'s old tablet'));
  await ada.sees('disabled', ada.row('Ada\'s phone'));
});

scenario('an administrator disables an account, enables it, and signs its person out', async (site) => {
  const carol = await site.signedIn('carol@contoso.example');
  const ada = await site.signedIn('ada@contoso.example');
  await person(carol, 'Ada Elm');
  await provesMore(site, carol, 'Disable the account');
  await carol.heading('Ada Elm');
  await carol.press('Disable the account');
  await carol.told('The account is disabled.');
  await ada.follow('Devices', { answer: 403 });
  await ada.refused('not active');
  const elsewhere = await site.visitor();
  await elsewhere.open('/sign-in');
  await elsewhere.signIn('ada@contoso.example', password, 401);
  await carol.press('Enable the account');
  await carol.told('The account is enabled.');
  await elsewhere.signIn('ada@contoso.example', password);
  await elsewhere.heading('Overview');
  await carol.press('Sign out everywhere');
  await carol.told('The person is signed out everywhere.');
  await elsewhere.follow('Profile');
  await elsewhere.heading('Sign in');
});

scenario('an administrator unlocks a password that was guessed at', async (site) => {
  const carol = await site.signedIn('carol@contoso.example');
  const ada = await site.visitor();
  await ada.open('/sign-in');
  for (let i = 0; i < 10; i++) await ada.signIn('ada@contoso.example', `guess number ${i}`, 401);
  await ada.signIn('ada@contoso.example', password, 401);
  await person(carol, 'Ada Elm');
  await provesMore(site, carol, 'Unlock the password');
  await carol.heading('Ada Elm');
  await carol.press('Unlock the password');
  await carol.told('The password is unlocked.');
  await ada.signIn('ada@contoso.example', password);
  await ada.heading('Overview');
});

// administrator is one who has proven two factors just now: nothing of a tenant's is changed without.
export async function administrator(site) {
  const carol = await site.signedIn('carol@contoso.example');
  await carol.follow('Administration');
  await provesMore(site, carol, 'Save');
  await carol.heading('Administration');
  return carol;
}

// provesMore is what comes of a button that asks for two factors first: the password is fresh, so that a code is what is missing.
async function provesMore(site, carol, button) {
  await carol.press(button, { answer: 401 });
  await carol.heading('Prove that it is you');
  await carol.press('Send the code');
  await carol.fill('Code', await site.code('+44 7700 900002'));
  await carol.press('Continue');
}

async function person(admin, name) {
  await admin.follow('Administration');
  await admin.follow('People and their devices');
  await admin.follow(name);
  await admin.heading(name);
}
