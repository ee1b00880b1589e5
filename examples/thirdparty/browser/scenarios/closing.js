import { password } from '../harness/portal.js';
import { scenario } from '../harness/scenario.js';

scenario('an account is closed by who understands what is lost, and reopened with a code', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await lin.follow('Profile');
  await lin.follow('Close your account');
  await lin.bold();
  await lin.press('Close the account', { answer: 409 });
  await lin.refused('');
  await lin.page.getByLabel('60 days').check();
  for (const box of await lin.page.getByLabel(/I understand/).all()) await box.check();
  await lin.fill('Why do you close it? (if you like to tell)', 'I have another');
  await lin.press('Close the account', { answer: 428 });
  await lin.heading('Close your account?');
  await lin.press('Yes');
  await lin.heading('Your account is closed');

  await lin.follow('sign in');
  await lin.signIn('lin@home.example', password, 403);
  await lin.sees('This account is being closed.');
  await lin.fill('Password', password);
  await lin.press('Send me a code');
  await lin.heading('Reopen your account');
  await lin.fill('Password', password);
  await lin.fill('Code', await site.code('lin@home.example'));
  await lin.press('Reopen the account');
  await lin.heading('Overview');
});

scenario('a work account is closed by the organization alone', async (site) => {
  const ada = await site.signedIn('ada@contoso.example');
  await ada.open('/close');
  await ada.sees(/closed by it/);
});
