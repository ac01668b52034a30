using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using GmailCluster.Specs.Yaml;

namespace GmailCluster.Specs.Schema;

/// <summary>The spec reference of the documentation, docs/spec.md: made from the records, their limits and doc comments.</summary>
public static class SpecReference
{
    /// <summary>The page, with a final line end.</summary>
    public static string Markdown()
    {
        var docs = XmlDocs.Load();
        var page = new StringBuilder("""
            # Spec reference

            <!-- Made from the records in src/GmailCluster.Abstractions/Specs by `gmailcluster schema --markdown`. Change them, not this page. -->

            An experiment is one YAML file. `gmailcluster validate SPEC` checks it whole and lists every mistake with file, line and key.
            Paths are relative to the file. Unknown keys are refused, and so is a key that would change nothing. Where a key is left out, its
            default holds; a section that is written in part keeps its own defaults for the rest. `samples/emoji/` has three examples.

            For completion and checks while typing, let the first line of the file be
            `# yaml-language-server: $schema=../../docs/spec.schema.json`, with the path from the file to `docs/`.

            """);
        foreach (var (path, record, usual) in Sections())
        {
            Section(page, path, record, usual, docs);
        }

        page.Append("\n## Words\n");
        foreach (var words in Records().SelectMany(SpecShape.KeysOf).Select(key => SpecShape.ItemOf(key.Type) ?? key.Type).Where(type => type.IsEnum).Distinct())
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {Anchor(words)}\n\n{docs.Of(words)}\n\n| word | meaning |\n| --- | --- |\n");
            foreach (var name in Enum.GetNames(words))
            {
                page.Append(CultureInfo.InvariantCulture, $"| `{SpecWords.Of(words, name)}` | {Cell(docs.Of(words, name))} |\n");
            }
        }

        return page.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>The experiment and every record it is made of, each once, in the order of the page.</summary>
    internal static IReadOnlyList<Type> Records() => [.. Sections().Select(section => section.Record).Distinct()];

    // Each record once, under the first key that has it; the optimiser and the adapter come again where their defaults differ.
    private static List<(string Path, Type Record, object Usual)> Sections()
    {
        var known = new HashSet<(Type Record, string Defaults)>();
        var sections = new List<(string Path, Type Record, object Usual)>();
        Visit("", typeof(ExperimentSpec), SpecShape.Blank(typeof(ExperimentSpec)));
        return sections;

        void Visit(string path, Type record, object usual)
        {
            if (!known.Add((record, string.Join('|', SpecShape.KeysOf(record).Select(key => DefaultOf(key, usual))))))
            {
                return;
            }

            sections.Add((path, record, usual));
            foreach (var key in SpecShape.KeysOf(record))
            {
                var at = path.Length == 0 ? key.Name : $"{path}.{key.Name}";
                if (SpecShape.IsRecord(key.Type))
                {
                    Visit(at, key.Type, key.Property.GetValue(usual) ?? SpecShape.Blank(key.Type));
                }
                else if (SpecShape.ItemOf(key.Type) is { } item && SpecShape.IsRecord(item))
                {
                    Visit($"{at}[]", item, SpecShape.Blank(item));
                }
            }
        }
    }

    private static void Section(StringBuilder page, string path, Type record, object usual, XmlDocs docs)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n## {(path.Length == 0 ? "The file" : $"`{path}`")}\n\n{docs.Of(record)}\n\n| key | value | default | what |\n| --- | --- | --- | --- |\n");
        foreach (var key in SpecShape.KeysOf(record))
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{key.Name}` | {ValueOf(key)} | {DefaultOf(key, usual)} | {Cell(docs.Of(key.Property))} |\n");
        }
    }

    private static string ValueOf(SpecKey key)
    {
        var item = SpecShape.ItemOf(key.Type);
        var type = item ?? key.Type;
        var name = type switch
        {
            _ when SpecShape.IsRecord(type) => "section",
            _ when SpecShape.IsTextMap(type) => "keys with texts",
            _ when type.IsEnum => $"[word](#{Anchor(type)})",
            _ when type == typeof(int) => "whole number",
            _ when type == typeof(double) => "number",
            _ when type == typeof(bool) => "true or false",
            _ => "text",
        };
        var range = key.Limit<RangeAttribute>() is { } limit ? $", {SpecLimits.Show(limit)}" : "";
        return item is null ? name + range : $"list of {name}s".Replace("texts", "text", StringComparison.Ordinal);
    }

    private static string DefaultOf(SpecKey key, object record)
    {
        var usual = key.Property.GetValue(record);
        return key.IsRequired || (usual is not null && key.Limits.Any(limit => !limit.IsValid(usual)))
            ? "required"
            : usual switch
            {
                null => "",
                "" => "`\"\"`",
                _ when SpecShape.IsRecord(key.Type) => "its defaults",
                _ when SpecShape.IsTextMap(key.Type) => "`{}`",
                string text => $"`{text}`",
                _ => $"`{SpecLimits.Show(usual)}`",
            };
    }

    private static string Anchor(Type words) => words.Name.ToLowerInvariant();

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
