import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.js';

scenario('sign-ins are searched and paged through', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Sign-ins');
  await ada.follow('Show more');
  await ada.follow('Sign-ins');
  await ada.fill('Search', 'Vienna');
  await ada.press('Search');
  const found = ada.page.getByRole('article');
  assert.ok(await found.count() > 0);
  assert.equal(await found.filter({ hasNotText: 'Vienna' }).count(), 0);
  await ada.fill('Search', 'no such place');
  await ada.press('Search');
  await ada.sees('Nothing was found.');
});

scenario('an unusual sign-in was one’s own, which a second factor proves', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Sign-ins');
  await ada.page.getByLabel('Unusual ones only').check();
  await ada.press('Search');
  const vienna = ada.page.getByRole('article').filter({ hasText: 'Vienna' });
  assert.match(await ada.whyNot(/^This was me/, vienna), /verify with a second factor/);
  await ada.follow('Verify now to say that it was you', { within: vienna });
  await ada.press('Send the code');
  await ada.fill('Code', await site.code('+44 7700 900000'));
  await ada.press('Continue');
  await ada.press(/^This was me/, { within: vienna, answer: 428 });
  await ada.heading('Was this you?');
  await ada.press('Yes');
  await ada.told('This sign-in is marked as yours.');
});

scenario('an unusual sign-in was somebody else’s, and the account is made safe', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Sign-ins');
  const singapore = ada.page.getByRole('article').filter({ hasText: 'Nobody travels' });
  await ada.press(/^This wasn’t me/, { within: singapore, answer: 428 });
  await ada.heading('Was this somebody else?');
  await ada.follow('No');
  await ada.press(/^This wasn’t me/, { within: singapore, answer: 428 });
  await ada.press('Yes');
  await ada.heading('Your account is made safe');
  await ada.sees('Sign you out everywhere');
  await ada.follow('Back to your sign-ins');
});
