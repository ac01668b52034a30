using System.Text.Json;

namespace GmailCluster.Telemetry;

/// <summary>Enum values as attributes say them: in snake_case, each made once.</summary>
public static class Words
{
    /// <summary>The word of a value.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => Known<T>.All.TryGetValue(value, out var word) ? word : value.ToString();

    private static class Known<T>
        where T : struct, Enum
    {
        public static readonly Dictionary<T, string> All = Enum.GetValues<T>().Distinct().ToDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));
    }
}
