import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.js';

scenario('a device is disabled after a Yes and not after a No', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  await ada.press('Disable ADA-LAPTOP', { answer: 428 });
  await ada.heading('Disable “ADA-LAPTOP”?');
  await ada.sees(/administrator/, ada.page.getByRole('listitem'));
  await ada.follow('No');
  await ada.sees('enabled');

  await ada.press('Disable', { answer: 428 });
  await ada.press('Yes');
  await ada.told('The device is disabled.');
  assert.match(await ada.whyNot('Disable'), /already disabled/);
  await ada.follow('Devices');
  await ada.sees('disabled', ada.row('ADA-LAPTOP'));
});

scenario('a control that cannot be used says why', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  assert.match(await ada.whyNot('Disable BOB-LAPTOP'), /Only the owner/);
  assert.match(await ada.whyNot('Disable Printer 3rd floor'), /Printers are managed elsewhere/);
});

scenario('a device is recognized or not', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  await ada.follow('Ada\'s phone');
  await ada.press('No, I do not recognize it');
  await ada.told('Thank you.');
  await ada.sees('not recognized');
  await ada.follow('Overview');
  await ada.sees(/Ada's phone/);
  await ada.follow('Devices');
  await ada.follow('Ada\'s phone');
  await ada.press('Yes, it is mine');
  await ada.told('Thank you.');
  await ada.seesNo('not recognized');
});

scenario('a device is removed from a personal account', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Devices');
  await lin.follow('Old laptop');
  await lin.press('Remove', { answer: 428 });
  await lin.press('Yes');
  await lin.told('The device is removed.');
  await lin.seesNo('Old laptop');
});

scenario('a recovery key is shown to who proves more with a code', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Devices');
  await ada.follow('ADA-LAPTOP');
  const key = 'Show the key d3491cae-6cb3-4c44-8709-c9a0ea1cd45c';
  await ada.press(key, { answer: 401 });
  await ada.heading('Prove that it is you');
  await ada.press('Send the code');
  await ada.fill('Code', '00000');
  await ada.press('Continue', { answer: 403 });
  await ada.refused('That code is not right');
  await ada.press('Send a new code');
  await ada.fill('Code', await site.code('+44 7700 900000'));
  await ada.press('Continue');
  await ada.heading('ADA-LAPTOP');
  await ada.press(key);
  await ada.sees('017677-484902-652828-290059-322674-025883-053108-551804');
  await ada.follow('Back to your devices');
});
