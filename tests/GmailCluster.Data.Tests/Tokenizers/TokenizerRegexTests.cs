using System.Globalization;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.Pipeline;

public sealed class TokenizerRegexTests
{
    [Theory]
    [InlineData(@"\p{L}+", "a\U00020000b 1", "a\U00020000b")] // an ideograph beyond U+FFFF is a letter
    [InlineData(@"[^\s\p{L}\p{N}]+", "a\U00020000\U0001F98A!", "\U0001F98A!")]
    [InlineData(@"\p{N}", "\U0001D7D9x", "\U0001D7D9")] // a mathematical digit
    [InlineData(@"(?i:'s)", "'S's'\u017F", "'S|'s|'\u017F")] // the long s folds to s
    [InlineData(@"a++b?+", "aab", "aab")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?+\p{L}+", " ab-c", " ab|-c")]
    [InlineData(@"^b$", "a\nb\nc", "b")] // line ends, as in Ruby
    [InlineData(@"a{,2}", "aaa", "aa|a")]
    [InlineData(@"\s+(?!\S)|\s+", "a  b", " | ")]
    public void Patterns_match_as_in_oniguruma(string pattern, string text, string expected)
    {
        var matches = new TokenizerRegex(pattern, "test").Matches(text).Select(match => text[match.Start..match.End]);

        Assert.Equal(expected, string.Join('|', matches));
    }

    [Theory]
    [InlineData("[[:alpha:]]")]
    [InlineData("[a&&b]")]
    [InlineData("(?m:.)")]
    [InlineData("a{1}+")]
    [InlineData("(a")]
    [InlineData("\U00020000")]
    public void Patterns_that_net_would_read_otherwise_are_refused(string pattern)
    {
        Assert.Throws<InputException>(() => new TokenizerRegex(pattern, "test"));
    }

    [Fact]
    public void A_pattern_that_explodes_is_stopped()
    {
        var regex = new TokenizerRegex("(a|aa)+$b", "test", TimeSpan.FromMilliseconds(100));

        Assert.Throws<InputException>(() => regex.Matches(new string('a', 200)));
    }

    [Fact]
    public void Stand_ins_are_of_the_category_they_stand_for()
    {
        foreach (var category in Enum.GetValues<UnicodeCategory>())
        {
            var standIn = TokenizerRegex.StandIn(category);

            Assert.True(
                CharUnicodeInfo.GetUnicodeCategory(standIn) == category || standIn == '\uFFFE',
                $"U+{(int)standIn:X4} is no {category}.");
        }

        Assert.Equal(UnicodeCategory.OtherNotAssigned, CharUnicodeInfo.GetUnicodeCategory('\uFFFE'));
    }
}
