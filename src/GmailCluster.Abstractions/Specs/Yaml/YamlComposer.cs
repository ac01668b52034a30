using System.Buffers;
using System.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace GmailCluster.Specs.Yaml;

/// <summary>Parser events to a tree of values with line numbers, with bounded depth and size.</summary>
internal sealed class YamlComposer
{
    /// <summary>Deepest nesting accepted. Records nest 4 deep; the limit only protects the stack.</summary>
    public const int MaxDepth = 32;

    /// <summary>Most values accepted, each use of an alias counted whole: ten lines of aliases can stand for billions.</summary>
    public const int MaxValues = 20_000;

    private const string Remedy = "Check indentation (spaces, no tabs), colons, brackets and quotes on this line and the one before.";

    private static readonly SearchValues<char> Printable = SearchValues.Create(
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(code => (char)code).Where(c => !char.IsControl(c) || c is '\t' or '\n' or '\r' or '\u0085')]);

    private readonly Dictionary<string, (YamlValue Value, int Size)> _anchors = [];
    private readonly IParser _parser;
    private int _valueCount;

    private YamlComposer(IParser parser) => _parser = parser;

    /// <summary>Reads the one document of <paramref name="text"/>; null when there is none.</summary>
    /// <exception cref="YamlSyntaxException">It is not YAML, or goes beyond the limits.</exception>
    public static YamlValue? Compose(string text)
    {
        var control = text.AsSpan().IndexOfAnyExcept(Printable);
        if (control >= 0)
        {
            // The scanner takes U+0000 for the end of the text and would read half a spec.
            throw new YamlSyntaxException(
                text.AsSpan(0, control).Count('\n') + 1, $"has the control character U+{(int)text[control]:X4}.", "Save it as UTF-8 text: is this the right file?");
        }

        var parser = new Parser(new StringReader(text));
        try
        {
            return new YamlComposer(parser).Document();
        }
        catch (YamlException e)
        {
            var reason = (e.InnerException as YamlException ?? e).Message.TrimEnd('.', ' ');
            throw new YamlSyntaxException((int)e.Start.Line, $"is not valid YAML at column {e.Start.Column}: {reason}.", Remedy, e);
        }
        catch (InvalidOperationException e)
        {
            // YamlDotNet 18's scanner loses its state on a comment inside an unclosed '['.
            throw new YamlSyntaxException((int)(parser.Current?.End.Line ?? 1), "is not valid YAML after this line.", Remedy, e);
        }
    }

    private YamlValue? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = Value(depth: 0);
        _parser.Consume<DocumentEnd>();
        if (!_parser.Accept<StreamEnd>(out _))
        {
            throw new YamlSyntaxException(LineOf(_parser.Current!), "begins a second document.", "Keep one experiment in a file and remove the '---' line.");
        }

        return root;
    }

    private YamlValue Value(int depth)
    {
        var next = _parser.Current ?? throw new UnreachableException("the parser ended inside a document");
        if (depth > MaxDepth)
        {
            throw new YamlSyntaxException(LineOf(next), $"is nested more than {MaxDepth} levels deep.", "A spec needs no more than 6 levels.");
        }

        if (next is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } } tagged)
        {
            throw new YamlSyntaxException(LineOf(next), $"uses the tag {tagged.Tag.Value}.", "Write the value without a tag: types are known from the key.");
        }

        var sizeBefore = _valueCount;
        Count(1, LineOf(next));
        var value = next switch
        {
            AnchorAlias alias => Alias(alias),
            Scalar => Word(),
            SequenceStart => List(depth),
            MappingStart => Map(depth),
            // YamlDotNet passes over some keys that lack their colon and ends the group instead.
            _ => throw new YamlSyntaxException(LineOf(next), "is not valid YAML: a value is missing here.", Remedy),
        };
        if (next is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _anchors[anchored.Anchor.Value] = (value, _valueCount - sizeBefore);
        }

        return value;
    }

    private YamlScalar Word()
    {
        var scalar = _parser.Consume<Scalar>();
        return new YamlScalar(LineOf(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain);
    }

    private YamlValue Alias(AnchorAlias alias)
    {
        _parser.Consume<AnchorAlias>();
        if (!_anchors.TryGetValue(alias.Value.Value, out var known))
        {
            throw new YamlSyntaxException(LineOf(alias), $"refers to *{alias.Value.Value}, which is not defined above.", $"Mark the value with &{alias.Value.Value} first, or write it out.");
        }

        Count(known.Size, LineOf(alias));
        return known.Value;
    }

    private YamlList List(int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        var items = new List<YamlValue>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Value(depth + 1));
        }

        return new YamlList(LineOf(start), items);
    }

    private YamlMap Map(int depth)
    {
        var start = _parser.Consume<MappingStart>();
        var entries = new List<YamlEntry>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.Accept<Scalar>(out var key))
            {
                throw new YamlSyntaxException(LineOf(_parser.Current!), "has a key that is not a plain word.", "Write keys as words, such as 'steps: 100'.");
            }

            if (key.Value == "<<" && key.Style == ScalarStyle.Plain)
            {
                throw new YamlSyntaxException(LineOf(key), "uses a merge key (<<).", "Write the merged keys out.");
            }

            _parser.Consume<Scalar>();
            entries.Add(new YamlEntry(key.Value, LineOf(key), Value(depth + 1)));
        }

        return new YamlMap(LineOf(start), entries);
    }

    private void Count(int values, int line)
    {
        _valueCount += values;
        if (_valueCount > MaxValues)
        {
            throw new YamlSyntaxException(line, $"has more than {MaxValues} values, aliases counted as often as they are used.", "A spec needs a few hundred at most; look for aliases of aliases.");
        }
    }

    private static int LineOf(ParsingEvent parsed) => (int)parsed.Start.Line;
}
