using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace GmailCluster.Specs.Schema;

/// <summary>Which keys the spec records have, read from the records themselves.</summary>
internal static class SpecShape
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<SpecKey>> Known = new();

    /// <summary>The keys of a record: those of its base record first, else in the order declared.</summary>
    public static IReadOnlyList<SpecKey> KeysOf(Type record) => Known.GetOrAdd(record, Read);

    /// <summary>True for a record of the spec, which has keys of its own.</summary>
    public static bool IsRecord(Type type) => type.IsClass && type.Namespace == typeof(ExperimentSpec).Namespace;

    /// <summary>The items' type of a list; null for anything else.</summary>
    public static Type? ItemOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>True for a group of free keys with text values.</summary>
    public static bool IsTextMap(Type type) => type == typeof(IReadOnlyDictionary<string, string>);

    /// <summary>A record with every default, and empty text where a value is required.</summary>
    public static object Blank(Type record)
    {
        var blank = Activator.CreateInstance(record)!;
        foreach (var key in KeysOf(record).Where(key => key.IsRequired))
        {
            key.Property.SetValue(blank, IsRecord(key.Type) ? Blank(key.Type) : "");
        }

        return blank;
    }

    private static IReadOnlyList<SpecKey> Read(Type record)
    {
        var nullability = new NullabilityInfoContext();
        return
        [
            .. record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.CanWrite)
                .OrderBy(property => Depth(property.DeclaringType!))
                .ThenBy(property => property.MetadataToken)
                .Select(property => new SpecKey(
                    JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name),
                    property,
                    Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType,
                    property.IsDefined(typeof(RequiredMemberAttribute)) || property.IsDefined(typeof(RequiredAttribute)),
                    nullability.Create(property).ReadState == NullabilityState.Nullable)),
        ];
    }

    private static int Depth(Type type) => type.BaseType is { } parent ? Depth(parent) + 1 : 0;
}
