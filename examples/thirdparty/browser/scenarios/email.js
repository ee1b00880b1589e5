import { scenario } from '../harness/scenario.js';

scenario('an e-mail address is changed with the code that is sent to it, and taken back by the link to the old one', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await asks(lin, 'lin@new.example');
  await lin.sees('lin@new.example');
  await lin.fill('Code', '00000000');
  await lin.press('Confirm', { answer: 403 });
  await lin.refused('');
  await lin.fill('Code', await site.code('lin@new.example'));
  await lin.press('Confirm');
  await lin.told('Your e-mail address is changed.');

  const reader = await site.visitor();
  await reader.open('/mailbox');
  await reader.follow('Take the change back');
  await reader.press('Take it back');
  await reader.sees('The change is taken back.');
  await reader.open(reader.page.url(), 404);
  await lin.follow('Profile');
  await lin.heading('Sign in');
});

scenario('a change of an e-mail address is given up', async (site) => {
  const lin = await site.signedIn('lin@home.example');
  await asks(lin, 'no address', 400);
  await lin.refused('');
  await asks(lin, 'lin@new.example');
  await lin.follow('Back to your profile');
  await lin.press('Give it up');
  await lin.told('Your e-mail address stays as it is.');
  await lin.seesNo('lin@new.example');
});

async function asks(person, address, answer = 200) {
  await person.follow('Profile');
  await person.page.getByText('Change lin@home.example').click();
  await person.fill('New e-mail address', address);
  await person.bold();
  await person.press('Send a code to it', { answer });
}
