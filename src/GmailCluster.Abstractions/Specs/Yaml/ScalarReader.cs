using System.Globalization;
using System.Text.RegularExpressions;

namespace GmailCluster.Specs.Yaml;

/// <summary>A YAML word to a value of the type that its key has. Nothing is guessed: "yes" is no truth value, "4" in quotes no number.</summary>
internal static partial class ScalarReader
{
    /// <summary>The value, or what is wrong with the word.</summary>
    public static (object? Value, string Problem, string Remedy) Read(Type type, YamlScalar scalar)
    {
        if (type == typeof(string))
        {
            return (scalar.Text, "", "");
        }

        if (type.IsEnum)
        {
            return Word(type, scalar);
        }

        if (!scalar.IsPlain)
        {
            return (null, $"is the quoted text '{scalar.Shown}', not {NameOf(type)}.", "Write it without quotes.");
        }

        return type switch
        {
            _ when type == typeof(bool) => scalar.Text switch
            {
                "true" => (true, "", ""),
                "false" => (false, "", ""),
                _ => (null, $"is '{scalar.Shown}', not {NameOf(type)}.", "Write true or false."),
            },
            _ when type == typeof(int) => Whole(scalar),
            _ when type == typeof(double) => Number(scalar),
            _ => throw new InvalidOperationException($"The spec reader does not know values of type {type.Name}."),
        };
    }

    /// <summary>A type, for people.</summary>
    public static string NameOf(Type type) => type switch
    {
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) => "a whole number",
        _ when type == typeof(double) => "a number",
        _ => "a text",
    };

    private static (object? Value, string Problem, string Remedy) Whole(YamlScalar scalar)
    {
        if (!Digits().IsMatch(scalar.Text))
        {
            return (null, $"is '{scalar.Shown}', not a whole number.", "Write digits only, such as 4.");
        }

        return int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? (value, "", "")
            : (null, $"is {scalar.Shown}, outside {int.MinValue}..{int.MaxValue}.", "Set a smaller number.");
    }

    private static (object? Value, string Problem, string Remedy) Number(YamlScalar scalar)
    {
        if (!Decimal().IsMatch(scalar.Text))
        {
            return (null, $"is '{scalar.Shown}', not a number.", "Write it such as 0.5 or 3e-4.");
        }

        var value = double.Parse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(value)
            ? (value, "", "")
            : (null, $"is {scalar.Shown}, too large for a number.", "Set a smaller number.");
    }

    private static (object? Value, string Problem, string Remedy) Word(Type type, YamlScalar scalar)
    {
        var name = Enum.GetNames(type).FirstOrDefault(name => SpecWords.Of(type, name) == scalar.Text);
        if (name is not null)
        {
            return (Enum.Parse(type, name), "", "");
        }

        var words = SpecWords.All(type);
        var near = Nearest.To(scalar.Text, words);
        return (null, $"is '{scalar.Shown}', none of {string.Join(", ", words)}.", near is null ? "Write one of these words." : $"Did you mean {near}?");
    }

    [GeneratedRegex(@"^[+-]?[0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Digits();

    [GeneratedRegex(@"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Decimal();
}
