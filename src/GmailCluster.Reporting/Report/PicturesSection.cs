using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>Real and generated pictures of the same captions, with what each arm says about the real one.</summary>
internal static class PicturesSection
{
    public static Html? Render(ExperimentResults results)
    {
        if (results.Pairs.Count == 0)
        {
            return null;
        }

        var html = Html.Of($"<p>Held-out captions with the real picture, a generated one, and what each arm’s captioner says about the real picture.</p>\n<div class=\"sheet\">\n");
        foreach (var pair in results.Pairs)
        {
            html.AddLine($"""
                <article><div class="pair">{Picture(pair.RealPng, "real", pair.Caption)}{Picture(pair.GeneratedPng, "generated", pair.Caption)}</div>
                <h3>{pair.Caption}</h3>{Captions(pair)}</article>
                """);
        }

        return html.AddLine($"</div>");
    }

    private static Html Picture(byte[] png, string kind, string caption) => png.Length == 0
        ? Html.Of($"<figure><div class=\"missing\">no picture</div><figcaption>{kind}</figcaption></figure>")
        : Html.Of($"<figure><img src=\"data:image/png;base64,{Convert.ToBase64String(png)}\" alt=\"{(kind == "real" ? "Real" : "Generated")} picture: {caption}\" loading=\"lazy\" decoding=\"async\"><figcaption>{kind}</figcaption></figure>");

    private static Html? Captions(PicturePair pair) => pair.Captions.Count == 0 ? null : Html.Of(
        $"<dl>{Html.Join(pair.Captions.OrderBy(caption => caption.Arm).Select(caption => Html.Of($"<dt>{Svg.Key(ArmKey.ColourOf(caption.Arm))} {SpecWords.Of(caption.Arm)}</dt><dd>{(caption.Text.Length == 0 ? "(nothing)" : caption.Text)}</dd>")))}</dl>");
}
