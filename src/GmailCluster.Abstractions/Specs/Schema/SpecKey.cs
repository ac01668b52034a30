using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace GmailCluster.Specs.Schema;

/// <summary>A key of a spec record: what reader, JSON schema and reference all go by.</summary>
/// <param name="Name">As written in YAML: the property's name in snake_case.</param>
/// <param name="Property">Where its value goes.</param>
/// <param name="Type">The value's type, without nullability.</param>
/// <param name="IsRequired">It has no default.</param>
/// <param name="IsNullable">Leaving it out means something other than any value would.</param>
internal sealed record SpecKey(string Name, PropertyInfo Property, Type Type, bool IsRequired, bool IsNullable)
{
    /// <summary>Range, length and pattern attributes.</summary>
    public IReadOnlyList<ValidationAttribute> Limits { get; } =
        [.. Property.GetCustomAttributes<ValidationAttribute>().Where(attribute => attribute is not RequiredAttribute)];

    /// <summary>The limit of one kind, or null.</summary>
    public T? Limit<T>()
        where T : ValidationAttribute => Limits.OfType<T>().FirstOrDefault();
}
