namespace GmailCluster.Specs.Rules;

/// <summary>Data sets: names, leaks from test to training, settings that a layout does not have.</summary>
internal static class DataRules
{
    public static void Check(RuleBook book)
    {
        var data = book.Spec.Data;
        var sets = Sets(data).ToList();
        SectionRules.Distinct(book, "data.tests", data.Tests.Select(test => test.Name).Where(name => name.Length > 0));

        for (var i = 0; i < sets.Count; i++)
        {
            var (key, set) = sets[i];
            Layout(book, key, set);
            var same = sets.Take(i).FirstOrDefault(other => IsSame(other.Set, set));
            book.Require(
                same.Set is not null, $"{key}.path", $"is '{set.Path}', the same pictures as {same.Key}.",
                "Held-out pictures must be others: name another file or split.", $"{key}.split", same.Key ?? "");
        }

        if (data.Prompts is { } prompts)
        {
            book.Require(prompts.Splits is { Count: 0 }, "data.prompts.splits", "is empty.", "Name at least one split, or leave the key out for all rows.");
            book.HasEffect(
                prompts.Splits is not null, "data.prompts.split_field", "splits chooses none", "Add splits, or remove the key.", "data.prompts.splits");
            if (prompts.Splits is not null)
            {
                SectionRules.Distinct(book, "data.prompts.splits", prompts.Splits);
            }
        }
    }

    private static IEnumerable<(string Key, DatasetSpec Set)> Sets(DataSpec data)
    {
        yield return ("data.train", data.Train);
        if (data.Validation is { } validation)
        {
            yield return ("data.validation", validation);
        }

        for (var i = 0; i < data.Tests.Count; i++)
        {
            yield return ($"data.tests[{i}]", data.Tests[i]);
        }
    }

    private static void Layout(RuleBook book, string key, DatasetSpec set)
    {
        var isSelfContained = set.Format is DatasetFormat.Webdataset or DatasetFormat.Folder
            || (set.Format is null && Path.GetExtension(set.Path).Equals(".tar", StringComparison.OrdinalIgnoreCase));
        foreach (var field in new[] { "images", "image_field" })
        {
            book.HasEffect(!isSelfContained, $"{key}.{field}", "this layout holds its own pictures", "Remove the key.", $"{key}.format", $"{key}.path");
        }
    }

    private static bool IsSame(DatasetSpec a, DatasetSpec b) =>
        a.Path.Length > 0 && Normal(a.Path) == Normal(b.Path) && (a.Split == b.Split || a.Split is null || b.Split is null);

    // As text: rules touch no file. "./a//b" and "a/b" are one path, links are not followed.
    private static string Normal(string path) => Path.GetFullPath(path, "/").TrimEnd('/');
}
