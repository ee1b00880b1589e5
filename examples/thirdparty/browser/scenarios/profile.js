import assert from 'node:assert/strict';
import { scenario } from '../harness/scenario.js';

scenario('a profile with a mistake is refused as it was typed, and taken when it is right', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Profile');
  await lin.fill('Display name (needed)', 'Lin Ash');
  await lin.fill('Regional format', 'Now');
  await lin.press('Save', { answer: 400 });
  await lin.refused('');
  const region = lin.page.getByLabel('Regional format');
  assert.equal(await region.inputValue(), 'Now');
  assert.equal(await region.getAttribute('aria-invalid'), 'true');
  await lin.fill('Regional format', 'CH');
  await lin.press('Save');
  await lin.told('Your profile is saved.');
  await lin.sees('Lin Ash', lin.page.getByRole('banner'));
});

scenario('what cannot be changed says why', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.follow('Profile');
  const names = ada.page.getByRole('definition').filter({ hasText: 'Ada Elm' });
  await ada.sees(/managed by your organization.*help@contoso.example/, names);
  assert.equal(await ada.page.getByLabel('Display name').count(), 0);
});

scenario('a photo is used and removed', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Profile');
  const photo = lin.page.getByLabel('A JPEG or PNG file of less than 4 MB');
  await photo.setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await lin.press('Use this photo', { answer: 400 });
  await lin.refused('');
  await photo.setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: await picture(lin) });
  await lin.press('Use this photo');
  await lin.told('Your photo is changed.');
  const width = await lin.page.getByAltText('Your photo').evaluate((img) => img.decode().then(() => img.naturalWidth));
  assert.equal(width, 96);
  await lin.follow('Overview');
  await lin.page.getByAltText('Your photo').waitFor();
  await lin.follow('Profile');
  await lin.press('Remove the photo');
  await lin.told('Your photo is removed.');
  await lin.sees('You have no photo.');
});

// picture is a PNG file: how the page looks.
function picture(visitor) {
  return visitor.page.screenshot();
}
