using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace GmailCluster.Reporting.Report;

/// <summary>
/// HTML under construction. Whatever stands in the holes of an interpolated string is escaped, captions and names from anywhere
/// included; markup comes only from the literals of this assembly, and from other <see cref="Html"/>.
/// </summary>
internal sealed class Html
{
    private readonly StringBuilder _text = new();

    public static Html Of(Handler markup)
    {
        var html = new Html();
        html._text.Append(markup.Text);
        return html;
    }

    public Html Add(Handler markup)
    {
        _text.Append(markup.Text);
        return this;
    }

    public Html AddLine(Handler markup)
    {
        _text.Append(markup.Text).Append('\n');
        return this;
    }

    public static Html Join(IEnumerable<Html> parts, string separator = "")
    {
        var html = new Html();
        foreach (var (part, index) in parts.Select((part, index) => (part, index)))
        {
            html._text.Append(index == 0 ? "" : separator).Append(part._text);
        }

        return html;
    }

    /// <summary>Text of this assembly's own resources (style sheet, script), taken as it is.</summary>
    public static Html Trusted(string markup)
    {
        var html = new Html();
        html._text.Append(markup);
        return html;
    }

    public override string ToString() => _text.ToString();

    internal static void Escape(StringBuilder target, string? text)
    {
        foreach (var character in text ?? "")
        {
            _ = character switch
            {
                '&' => target.Append("&amp;"),
                '<' => target.Append("&lt;"),
                '>' => target.Append("&gt;"),
                '"' => target.Append("&quot;"),
                '\'' => target.Append("&#39;"),
                '\t' or '\n' => target.Append(character),
                < ' ' or '\u007F' => target.Append('\uFFFD'), // HTML has no way to write control characters
                _ => target.Append(character),
            };
        }
    }

    /// <summary>Collects an interpolated string, escaping its holes.</summary>
    [InterpolatedStringHandler]
    internal readonly struct Handler
    {
        public Handler(int literalLength, int formattedCount) => Text = new StringBuilder(literalLength + (16 * formattedCount));

        public StringBuilder Text { get; }

        public void AppendLiteral(string markup) => Text.Append(markup);

        public void AppendFormatted(string? value) => Escape(Text, value);

        public void AppendFormatted(Html? value) => Text.Append(value?._text);

        public void AppendFormatted<T>(T value, string? format = null)
            where T : struct, IFormattable => Escape(Text, value.ToString(format, CultureInfo.InvariantCulture));
    }
}
