using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// JSON as Python's json module writes it: infinities and NaN are bare words there (diffusers' <c>lambda_min_clipped</c> is <c>-Infinity</c>),
/// which the JSON standard, and so System.Text.Json, does not know.
/// </summary>
public static partial class PythonJson
{
    /// <summary>Reads a file; infinities and NaN become strings.</summary>
    /// <exception cref="InputException">It is missing, or no JSON object.</exception>
    public static JsonObject ReadObject(string path)
    {
        try
        {
            var text = BareWordOrString().Replace(File.ReadAllText(path), m => m.Value[0] == '"' ? m.Value : $"\"{m.Value}\"");
            return JsonNode.Parse(text, documentOptions: new() { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new InputException(path, "does not hold a JSON object.", "Use the file that came with the weights.");
        }
        catch (JsonException error)
        {
            var where = error.LineNumber is { } line ? $"{path}:{line + 1}" : path;
            throw new InputException(where, $"is not JSON: {error.Message}", "Use the file that came with the weights.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, "cannot be read.", $"{error.Message} The file belongs beside the weights.", error);
        }
    }

    internal static bool TryInfinity(string text, out double value)
    {
        value = text == "-Infinity" ? double.NegativeInfinity : double.PositiveInfinity;
        return text is "Infinity" or "-Infinity";
    }

    // Strings are matched first, so a word inside one is left alone.
    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|-?Infinity|NaN
        """, RegexOptions.Singleline)]
    private static partial Regex BareWordOrString();
}
