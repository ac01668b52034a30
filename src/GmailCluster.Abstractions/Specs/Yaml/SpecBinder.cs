using GmailCluster.Specs.Schema;

namespace GmailCluster.Specs.Yaml;

/// <summary>
/// A YAML tree to the spec records, by their shape. Goes on after a mistake, so that all are found; a key whose value is unusable
/// keeps its default and is remembered in <see cref="Failed"/>, so that rules about it stay silent.
/// </summary>
internal sealed class SpecBinder(string file)
{
    /// <summary>What is wrong.</summary>
    public List<SpecProblem> Problems { get; } = [];

    /// <summary>Line of every key that was written.</summary>
    public Dictionary<string, int> Lines { get; } = [];

    /// <summary>Keys without a usable value.</summary>
    public HashSet<string> Failed { get; } = [];

    /// <summary>The record that <paramref name="root"/> describes.</summary>
    public ExperimentSpec Bind(YamlValue root)
    {
        var spec = SpecShape.Blank(typeof(ExperimentSpec));
        Lines[""] = root.Line;
        Record(spec, root, path: "", root.Line);
        return (ExperimentSpec)spec;
    }

    private void Record(object record, YamlValue value, string path, int line)
    {
        var keys = SpecShape.KeysOf(record.GetType());
        if (value is not YamlMap map)
        {
            Fail(path, line, $"is {value.Kind}, not a group of keys.", $"Put its keys on lines of their own below it, such as '{keys[0].Name}:'.");
            return;
        }

        var written = new Dictionary<string, int>();
        var meant = new HashSet<string>();
        foreach (var entry in map.Entries)
        {
            var at = Join(path, entry.Key);
            if (!written.TryAdd(entry.Key, entry.Line))
            {
                Fail(at, entry.Line, $"is given twice, first on line {written[entry.Key]}.", "Keep one of them.");
            }
            else if (keys.FirstOrDefault(key => key.Name == entry.Key) is { } key)
            {
                Lines[at] = entry.Line;
                Key(record, key, entry, at);
            }
            else
            {
                meant.Add(Unknown(keys, entry, path) ?? "");
            }
        }

        foreach (var key in keys.Where(key => !written.ContainsKey(key.Name)))
        {
            Absent(record, key, Join(path, key.Name), line, isMeant: meant.Contains(key.Name));
        }
    }

    private void Key(object record, SpecKey key, YamlEntry entry, string at)
    {
        var usual = key.Property.GetValue(record);
        if (entry.Value is YamlScalar { IsEmpty: true })
        {
            Fail(at, entry.Line, "has no value.", SpecShape.IsRecord(key.Type)
                ? $"Write '{key.Name}: {{}}' for all defaults, or leave the key out."
                : "Write a value behind it, or leave the key out.");
            return;
        }

        if (entry.Value is YamlScalar { IsNull: true } && key.Type != typeof(string))
        {
            if (!key.IsNullable)
            {
                Fail(at, entry.Line, "is null.", "Write a value, or leave the key out for its default.");
            }

            return;
        }

        // A section given in part keeps its own defaults for the rest (align.optimizer has others than caption.optimizer).
        if (!TryValue(key.Type, entry.Value, at, entry.Line, SpecShape.IsRecord(key.Type) ? usual : null, out var value))
        {
            return;
        }

        if (SpecLimits.Check(key, value, usual) is { } broken)
        {
            Fail(at, entry.Line, broken.Problem, broken.Remedy);
            return;
        }

        key.Property.SetValue(record, value);
    }

    private void Absent(object record, SpecKey key, string at, int line, bool isMeant)
    {
        var usual = key.Property.GetValue(record);
        if (!key.IsRequired && (usual is null || SpecLimits.Check(key, usual, null) is null))
        {
            return;
        }

        Failed.Add(at);
        if (!isMeant)
        {
            Fail(at, line, "is missing.", SpecShape.IsRecord(key.Type) || SpecShape.ItemOf(key.Type) is not null
                ? "Add this section; docs/spec.md describes its keys."
                : $"Add '{key.Name}:' with a value here.");
        }
    }

    private string? Unknown(IReadOnlyList<SpecKey> keys, YamlEntry entry, string path)
    {
        var near = Nearest.To(entry.Key, keys.Select(key => key.Name));
        var elsewhere = near is null ? PathsOf(typeof(ExperimentSpec), "").FirstOrDefault(known => known.EndsWith($".{entry.Key}", StringComparison.Ordinal)) : null;
        Fail(Join(path, entry.Key), entry.Line, "is not a key of a spec.", (near, elsewhere) switch
        {
            ({ } name, _) => $"Did you mean {Join(path, name)}?",
            (null, { } known) => $"Did you mean {known}?",
            _ => $"Keys here are {string.Join(", ", keys.Select(key => key.Name))}.",
        });
        return near;
    }

    private bool TryValue(Type type, YamlValue value, string path, int line, object? onto, out object result)
    {
        result = "";
        if (SpecShape.IsRecord(type))
        {
            result = onto ?? SpecShape.Blank(type);
            Record(result, value, path, line);
            return true;
        }

        if (SpecShape.ItemOf(type) is { } itemType)
        {
            return TryList(itemType, value, path, line, out result);
        }

        if (SpecShape.IsTextMap(type))
        {
            return TryTextMap(value, path, line, out result);
        }

        if (value is not YamlScalar scalar)
        {
            return Fail(path, line, $"is {value.Kind}, not {ScalarReader.NameOf(type)}.", "Write one value behind the key.");
        }

        var (read, problem, remedy) = ScalarReader.Read(type, scalar);
        result = read ?? "";
        return read is not null || Fail(path, line, problem, remedy);
    }

    private bool TryList(Type itemType, YamlValue value, string path, int line, out object result)
    {
        result = "";
        if (value is not YamlList list)
        {
            var remedy = value is YamlScalar scalar ? $"Write [{scalar.Shown}] for a list of one." : "Begin each item with '- '.";
            return Fail(path, line, $"is {value.Kind}, not a list.", remedy);
        }

        var items = Array.CreateInstance(itemType, list.Items.Count);
        var isWhole = true;
        for (var i = 0; i < items.Length; i++)
        {
            var at = $"{path}[{i}]";
            Lines[at] = list.Items[i].Line;
            if (list.Items[i] is YamlScalar { IsEmpty: true } or YamlScalar { IsNull: true })
            {
                isWhole = Fail(at, list.Items[i].Line, "has no value.", "Write a value, or remove the item.");
            }
            else if (TryValue(itemType, list.Items[i], at, list.Items[i].Line, null, out var item))
            {
                items.SetValue(item, i);
            }
            else
            {
                isWhole = false;
            }
        }

        result = items;
        return isWhole;
    }

    private bool TryTextMap(YamlValue value, string path, int line, out object result)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        result = texts;
        if (value is not YamlMap map)
        {
            return Fail(path, line, $"is {value.Kind}, not a group of keys.", "Write such as 'tone: 0' below it.");
        }

        var isWhole = true;
        foreach (var entry in map.Entries)
        {
            var at = Join(path, entry.Key);
            Lines[at] = entry.Line;
            if (entry.Value is not YamlScalar { IsEmpty: false } scalar)
            {
                isWhole = Fail(at, entry.Line, entry.Value is YamlScalar ? "has no value." : $"is {entry.Value.Kind}, not a text.", "Write one value behind the key.");
            }
            else if (!texts.TryAdd(entry.Key, scalar.Text))
            {
                isWhole = Fail(at, entry.Line, "is given twice.", "Keep one of them.");
            }
        }

        return isWhole;
    }

    private bool Fail(string key, int line, string problem, string remedy)
    {
        Failed.Add(key);
        Problems.Add(new SpecProblem(file, line, key, problem, remedy));
        return false;
    }

    private static IEnumerable<string> PathsOf(Type record, string path) => SpecShape.KeysOf(record).SelectMany(key =>
    {
        var at = Join(path, key.Name);
        return SpecShape.IsRecord(key.Type) ? PathsOf(key.Type, at).Prepend(at) : [at];
    });

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
