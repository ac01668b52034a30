using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using GmailCluster.Errors;

namespace GmailCluster.Specs.Schema;

/// <summary>The doc comments of the spec records, from the file that the compiler writes beside the assembly.</summary>
internal sealed partial class XmlDocs
{
    private readonly Dictionary<string, XElement> _summaries;

    private XmlDocs(Dictionary<string, XElement> summaries) => _summaries = summaries;

    /// <summary>Reads the file of this assembly.</summary>
    /// <exception cref="GmailClusterException">It is not there.</exception>
    public static XmlDocs Load()
    {
        var path = Path.Combine(AppContext.BaseDirectory, $"{typeof(XmlDocs).Assembly.GetName().Name}.xml");
        try
        {
            return new XmlDocs(XDocument.Load(path).Descendants("member")
                .Where(member => member.Attribute("name") is not null && member.Element("summary") is not null)
                .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")!, StringComparer.Ordinal));
        }
        catch (Exception e) when (e is IOException or XmlException or UnauthorizedAccessException)
        {
            throw new GmailClusterException(path, $"cannot be read: {e.Message}", "Build again: the compiler writes this file beside the program.", e);
        }
    }

    /// <summary>The summary of a record or enum, as Markdown in one line.</summary>
    public string Of(Type type) => Text($"T:{type.FullName}");

    /// <summary>The summary of a property, as Markdown in one line.</summary>
    public string Of(PropertyInfo property) => Text($"P:{property.DeclaringType!.FullName}.{property.Name}");

    /// <summary>The summary of an enum value, as Markdown in one line.</summary>
    public string Of(Type type, string valueName) => Text($"F:{type.FullName}.{valueName}");

    private string Text(string name)
    {
        if (!_summaries.TryGetValue(name, out var summary))
        {
            throw new InvalidOperationException($"{name} has no doc comment, and the spec reference is made of them.");
        }

        var text = new StringBuilder();
        foreach (var node in summary.Nodes())
        {
            text.Append(node switch
            {
                XText words => words.Value,
                XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")?.Value.Split('.')[^1]}`",
                _ => throw new InvalidOperationException($"{name}: the spec reference cannot show {node}."),
            });
        }

        return Spaces().Replace(text.ToString(), " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
