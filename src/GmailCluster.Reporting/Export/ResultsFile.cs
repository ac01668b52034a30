using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;
using GmailCluster.Results;

namespace GmailCluster.Reporting.Export;

/// <summary>results.json: every figure, hash and time of an experiment, pictures left out.</summary>
public static class ResultsFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // a diverged run's loss is NaN, and says so
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file, never pasted into HTML; "image->text" stays readable
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Writes UTF-8 JSON. The same results give the same bytes.</summary>
    public static void Write(ExperimentResults results, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(results);
        JsonSerializer.Serialize(stream, results, Options);
        stream.Write("\n"u8);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="stream">UTF-8 JSON.</param>
    /// <param name="where">The file's name, for messages.</param>
    /// <exception cref="InputException">It is not a results.json of this or an older format.</exception>
    public static ExperimentResults Read(Stream stream, string where)
    {
        ArgumentNullException.ThrowIfNull(stream);
        const string Remedy = "Run the experiment again to write it anew.";
        ExperimentResults? results;
        try
        {
            results = JsonSerializer.Deserialize<ExperimentResults>(stream, Options);
        }
        catch (JsonException failure)
        {
            var place = failure.LineNumber is { } line ? $"{where}, line {line + 1}" : where;
            throw new InputException(place, $"is no results.json: {failure.Message}", Remedy, failure);
        }

        if (results is null)
        {
            throw new InputException(where, "is no results.json: it holds null.", Remedy);
        }

        return results.Format == ExperimentResults.CurrentFormat
            ? results
            : throw new InputException(where, $"has format {results.Format}; this version reads {ExperimentResults.CurrentFormat}.", Remedy);
    }
}
