using System.Buffers;
using System.Text;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>
/// Rewrites a regular expression of a tokenizer.json (Oniguruma's Ruby syntax) for .NET, where both mean the same; throws
/// <see cref="NotSupportedException"/> where .NET would quietly mean something else.
/// </summary>
internal sealed class OnigurumaPattern
{
    private static readonly SearchValues<char> GroupStarts = SearchValues.Create(":=!>)'");
    private static readonly SearchValues<char> Counts = SearchValues.Create("0123456789,");

    private readonly string _source;
    private readonly StringBuilder _output = new();
    private readonly Stack<(int Start, bool IgnoreCase)> _groups = new();
    private int _at;
    private int _atom = -1; // where in the output the last complete atom begins; -1 when there is none
    private bool _ignoreCase;

    private OnigurumaPattern(string source) => _source = source;

    public static string ToDotNet(string source)
    {
        if (source.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            throw new NotSupportedException("characters beyond U+FFFF in a pattern");
        }

        var pattern = new OnigurumaPattern(source);
        while (pattern._at < source.Length)
        {
            pattern.Step();
        }

        return pattern._output.ToString();
    }

    private void Step()
    {
        switch (_source[_at])
        {
            case '\\':
                Escape();
                break;
            case '[':
                Class();
                break;
            case '(':
                Open();
                break;
            case ')':
                _output.Append(_source[_at++]);
                if (_groups.TryPop(out var group))
                {
                    (_atom, _ignoreCase) = group;
                }

                break;
            case '*' or '+' or '?':
                Quantifier();
                break;
            case '{':
                Interval();
                break;
            case '^': // in Ruby these two always mean a line's ends
                Atom("(?m:^)");
                break;
            case '$':
                Atom("(?m:$)");
                break;
            case 's' or 'S' when _ignoreCase: // Unicode folds the long s to s, .NET does not
                Atom("(?:s|\u017F)");
                break;
            default:
                Atom(_source[_at].ToString());
                break;
        }
    }

    private void Atom(string rewritten)
    {
        _atom = _output.Length;
        _output.Append(rewritten);
        _at++;
    }

    private void Escape()
    {
        var end = Math.Min(_at + 2, _source.Length);
        if (end == _at + 2 && _source[_at + 1] is 'p' or 'P' && end < _source.Length && _source[end] == '{')
        {
            var close = _source.IndexOf('}', end);
            end = close < 0 ? _source.Length : close + 1;
        }

        _atom = _output.Length;
        _output.Append(_source, _at, end - _at);
        _at = end;
    }

    private void Class()
    {
        _atom = _output.Length;
        var start = _at++;
        _at += _at < _source.Length && _source[_at] == '^' ? 1 : 0;
        _at += _at < _source.Length && _source[_at] == ']' ? 1 : 0;
        while (_at < _source.Length && _source[_at] != ']')
        {
            if (_source[_at] == '[' || _source.AsSpan(_at).StartsWith("&&"))
            {
                throw new NotSupportedException("a character class inside a character class");
            }

            _at += _source[_at] == '\\' ? 2 : 1;
        }

        _at = Math.Min(_at + 1, _source.Length);
        _output.Append(_source, start, _at - start);
    }

    private void Open()
    {
        var (start, outer) = (_output.Length, _ignoreCase);
        _output.Append('(');
        _at++;
        if (_source.AsSpan(_at).StartsWith("?"))
        {
            var end = _source.AsSpan(_at).IndexOfAny(GroupStarts);
            var flags = end < 0 ? "" : _source.Substring(_at + 1, end);
            if (flags.Length > 0 && flags[0] is not ('<' or '=' or '!' or '>' or '\''))
            {
                ReadFlags(flags);
            }

            _output.Append('?').Append(flags);
            _at += 1 + flags.Length;
            if (flags.EndsWith(')'))
            {
                _atom = -1;
                return; // (?i) holds to the end of the enclosing group
            }
        }

        _groups.Push((start, outer));
        _atom = -1;
    }

    private void ReadFlags(string flags)
    {
        var on = true;
        foreach (var flag in flags)
        {
            switch (flag)
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    _ignoreCase = on;
                    break;
                case ':' or ')':
                    break;
                default:
                    throw new NotSupportedException($"the option '{flag}' in '(?{flags}'");
            }
        }
    }

    private void Quantifier()
    {
        _output.Append(_source[_at++]);
        if (_at >= _source.Length)
        {
            return;
        }

        if (_source[_at] == '?')
        {
            _output.Append('?');
            _at++;
        }
        else if (_source[_at] == '+' && _atom >= 0)
        {
            _output.Insert(_atom, "(?>").Append(')'); // possessive
            _at++;
        }
    }

    private void Interval()
    {
        var close = _source.IndexOf('}', _at);
        var inside = close < 0 ? "" : _source[(_at + 1)..close];
        if (inside.Length == 0 || inside.AsSpan().ContainsAnyExcept(Counts))
        {
            throw new NotSupportedException("a brace that is not a repetition count");
        }

        if (inside[0] == ',')
        {
            inside = "0" + inside; // {,3} in Ruby; literal text in .NET
        }

        _output.Append('{').Append(inside).Append('}');
        _at = close + 1;
        if (_at < _source.Length && _source[_at] == '+')
        {
            throw new NotSupportedException("a '+' after a repetition count");
        }

        if (_at < _source.Length && _source[_at] == '?')
        {
            _output.Append('?');
            _at++;
        }
    }
}
