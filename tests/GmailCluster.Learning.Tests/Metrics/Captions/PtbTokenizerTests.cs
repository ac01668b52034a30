using CsCheck;
using GmailCluster.Learning.Metrics.Captions;

namespace GmailCluster.Learning.Tests.Metrics.Captions;

public class PtbTokenizerTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("  \t ", "")]
    [InlineData("A man can't ride; he won't.", "a man ca n't ride he wo n't")]
    [InlineData("The dog's tail, the dogs' tails", "the dog 's tail the dogs tails")]
    [InlineData("They're here and I'm gone", "they 're here and i 'm gone")]
    [InlineData("cannot gonna wanna", "can not gon na wan na")]
    [InlineData("rock 'n' roll o'clock", "rock 'n' roll o'clock")]
    [InlineData("a black-and-white t-shirt", "a black-and-white t-shirt")]
    [InlineData("a black/white cat", @"a black\/white cat")]
    [InlineData("It costs $5.50 (or 50%)!", "it costs $ 5.50 -lrb- or 50 % -rrb-")]
    [InlineData("[one] {two}", "-lsb- one -rsb- -lcb- two -rcb-")]
    [InlineData("at 12:30 p.m. in the U.S.A.", "at 12:30 p.m. in the u.s.a.")]
    [InlineData("Mr. Smith lives on Main St. with Dr. Jones.", "mr. smith lives on main st. with dr. jones")]
    [InlineData("1,000 sheep - 1/2 of them -- white...", @"1,000 sheep 1\/2 of them white")]
    [InlineData("“curly” ‘quotes’ it’s", "curly quotes it 's")]
    [InlineData("salt &amp; pepper & more", "salt & pepper & more")]
    [InlineData("wow!! really?", "wow !! really")]
    [InlineData("a grey theatre, the colours of an armour; four hours of contours", "a gray theater the colors of an armor four hours of contours")]
    [InlineData("travelled theatres with favourite coloured fibres, recognised by neighbourhoods", "traveled theaters with favorite colored fibers recognized by neighborhoods")]
    [InlineData("Grey Colour of a velour detour, your hours, the centres", "grey colour of a velour detour your hours the centres")]
    [InlineData("a café and a naïve fiancée", "a café and a naïve fiancée")]
    [InlineData("a 5-year-old eating 2 1/2 pies", "a 5-year-old eating 2\u00A01\\/2 pies")]
    [InlineData("woman: medium-dark skin tone, curly hair", "woman medium-dark skin tone curly hair")]
    [InlineData("two\nlines", "two lines")]
    public void Captions_become_words(string caption, string expected) =>
        Assert.Equal(expected, string.Join(' ', PtbTokenizer.Tokenize(caption)));

    [Fact]
    public void Any_text_gives_words_in_lower_case_and_ends() => Gen.String[0, 60].Sample(text =>
    {
        foreach (var word in PtbTokenizer.Tokenize(text))
        {
            Assert.NotEmpty(word);
            Assert.DoesNotContain(' ', word);
        }
    });
}
