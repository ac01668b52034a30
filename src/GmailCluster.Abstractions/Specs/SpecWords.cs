using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GmailCluster.Specs;

/// <summary>How enum values are written in a spec, a table and a file: snake_case, or the value's own word (<c>gmail+real</c>).</summary>
public static class SpecWords
{
    /// <summary>The word of a value, such as <c>gmail+real</c> for <see cref="Arm.GmailReal"/>.</summary>
    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => Of(typeof(TEnum), value.ToString());

    /// <summary>The value of a word, or null when no value is written so.</summary>
    public static TEnum? Parse<TEnum>(string word)
        where TEnum : struct, Enum =>
        Enum.GetNames<TEnum>().Where(name => Of(typeof(TEnum), name) == word).Select(name => (TEnum?)Enum.Parse<TEnum>(name)).FirstOrDefault();

    /// <summary>All words of an enum, in the order of its values.</summary>
    internal static IReadOnlyList<string> All(Type type) => [.. Enum.GetNames(type).Select(name => Of(type, name))];

    internal static string Of(Type type, string name) =>
        type.GetField(name)?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}
